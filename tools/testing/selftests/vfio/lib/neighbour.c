// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another slice of the same parent, filled with a pattern that only the test
 * itself may change
 */
#include "neighbour.h"
#include "nvme_io.h"
#include "tap.h"

#define SEED	0x4e65696768626f75ull

/* Check slices up to this size completely, in larger ones only both ends */
#define FULL_MAX	(64ull * MIB)

struct stream {
	struct vfio_dev dev;
	struct nvme nv;
	struct nvme_qpair qp;
	struct dma_buf buf;
	struct prp_list list;
};

static void stream_open(struct stream *s, const struct test_opts *opts)
{
	struct nvme_queue_opts polled = { 0 };

	test_open(&s->dev, opts->second, opts);
	nvme_start(&s->nv, &s->dev);
	dma_alloc(&s->dev, &s->buf, s->nv.max_xfer, 0);
	prp_list_alloc(&s->dev, &s->list);
	nvme_qpair_create(&s->nv, &s->qp, 1, 16, polled);
}

static void stream_close(struct stream *s)
{
	nvme_qpair_delete(&s->qp);
	dma_free(&s->list.mem);
	dma_free(&s->buf);
	test_stop(&s->nv, &s->dev);
}

/* Returns the number of wrong bytes, or writes the pattern with @fill */
static u64 walk(struct stream *s, bool fill, u64 from, u64 to)
{
	u8 opcode = fill ? IO_WRITE : IO_READ;
	unsigned int shift = s->nv.lba_shift;
	u64 wrong = 0, len;

	for (; from < to; from += len) {
		len = MIN(to - from, s->buf.len);
		if (fill)
			pattern_fill(s->buf.va, len, from, SEED);
		if (nvme_transfer(&s->qp.sq, opcode, from >> shift, &s->buf, 0,
				  len, &s->list))
			tap_bail("the neighbour's own I/O fails");
		if (!fill)
			wrong += len - pattern_check(s->buf.va, len, from,
						     SEED);
	}
	return wrong;
}

static u64 walk_slice(const struct test_opts *opts, bool fill)
{
	static struct stream s;
	u64 size, wrong;

	stream_open(&s, opts);
	size = s.nv.nsze << s.nv.lba_shift;
	if (size <= FULL_MAX) {
		wrong = walk(&s, fill, 0, size);
	} else {
		wrong = walk(&s, fill, 0, FULL_MAX / 2);
		wrong += walk(&s, fill, size - FULL_MAX / 2, size);
	}
	stream_close(&s);
	return wrong;
}

void neighbour_fill(struct neighbour *neighbour, const struct test_opts *opts)
{
	neighbour->opts = opts;
	neighbour->present = opts->second;
	if (neighbour->present)
		walk_slice(opts, true);
}

void neighbour_check(struct neighbour *neighbour)
{
	if (!neighbour->present) {
		tap_skip("neighbour", "no second device was given");
		return;
	}
	is(walk_slice(neighbour->opts, false), 0,
	   "the neighbour's slice holds what it held");
	test_still_alive();
}
