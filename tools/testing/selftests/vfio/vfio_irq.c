// SPDX-License-Identifier: GPL-2.0-only
/*
 * Edge cases of VFIO_DEVICE_SET_IRQS, and the life of eventfds
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/test.h"

#define MSIX	VFIO_PCI_MSIX_IRQ_INDEX

static u32 irq_count(struct vfio_dev *dev, u32 index)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = index };

	if (ioctl(dev->fd, VFIO_DEVICE_GET_IRQ_INFO, &info))
		return 0;
	return info.count;
}

static int raw_set(struct vfio_dev *dev, u32 argsz, u32 flags, u32 index,
		   u32 start, u32 count, int fill)
{
	struct {
		struct vfio_irq_set set;
		u8 data[4096];
	} arg;

	memset(&arg, fill, sizeof(arg));
	arg.set.argsz = argsz;
	arg.set.flags = flags;
	arg.set.index = index;
	arg.set.start = start;
	arg.set.count = count;
	return ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, &arg) ? -errno : 0;
}

static const u32 data_types[] = {
	VFIO_IRQ_SET_DATA_NONE, VFIO_IRQ_SET_DATA_BOOL,
	VFIO_IRQ_SET_DATA_EVENTFD,
};

static const u32 actions[] = {
	VFIO_IRQ_SET_ACTION_MASK, VFIO_IRQ_SET_ACTION_UNMASK,
	VFIO_IRQ_SET_ACTION_TRIGGER,
};

/* Ranges that do not fit must be refused, with every kind of request. */
static bool range_refused(struct vfio_dev *dev, u32 index, u32 start,
			  u32 count)
{
	bool refused = true;
	unsigned int d, a;

	for (d = 0; d < ARRAY_SIZE(data_types); d++) {
		for (a = 0; a < ARRAY_SIZE(actions); a++)
			refused &= raw_set(dev, 4096,
					   data_types[d] | actions[a], index,
					   start, count, 0xff) < 0;
	}
	if (!refused)
		tap_diag("index 0x%x start 0x%x count 0x%x", index, start,
			 count);
	return refused;
}

static void check_ranges(struct vfio_dev *dev, u32 index)
{
	u32 n = irq_count(dev, index);
	u32 pairs[][2] = {
		{ 0, n + 1 }, { n, 1 }, { n ? n - 1 : 0, 2 }, { 1, n },
		{ 0, ~0u }, { ~0u, 1 }, { ~0u, ~0u }, { 1, ~0u }, { ~0u, 2 },
		{ 0x80000000, 0x80000000 }, { 0x7fffffff, 1 },
		{ n, ~0u - n + 1 }, { ~0u - 1, 2 }, { 0, 0x40000001 },
	};
	bool refused = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		u64 end = (u64)pairs[i][0] + pairs[i][1];

		if (pairs[i][1] && end > n)
			refused &= range_refused(dev, index, pairs[i][0],
						 pairs[i][1]);
	}
	ok(refused, "index %u: every range beyond %u is refused", index, n);
}

static void check_argsz(struct vfio_dev *dev, u32 index)
{
	u32 fd_flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	u32 bool_flags = VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER;
	u32 head = sizeof(struct vfio_irq_set);
	bool refused = true;
	u32 sz;

	for (sz = 0; sz < head; sz++)
		refused &= raw_set(dev, sz, fd_flags, index, 0, 1, 0xff) < 0;
	for (sz = head; sz < head + 4; sz++)
		refused &= raw_set(dev, sz, fd_flags, index, 0, 1, 0xff) < 0;
	refused &= raw_set(dev, head, bool_flags, index, 0, 1, 0) < 0;
	ok(refused, "index %u: argsz too small for the data is refused",
	   index);
}

static void check_flags(struct vfio_dev *dev, u32 index)
{
	u32 bad[] = {
		0, VFIO_IRQ_SET_DATA_NONE, VFIO_IRQ_SET_ACTION_TRIGGER,
		VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_DATA_BOOL |
		VFIO_IRQ_SET_ACTION_TRIGGER,
		VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER |
		VFIO_IRQ_SET_ACTION_MASK,
		VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER | BIT(6),
		~0u,
	};
	bool refused = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (raw_set(dev, 4096, bad[i], index, 0, 1, 0xff) < 0)
			continue;
		tap_diag("flags 0x%x are taken", bad[i]);
		refused = false;
	}
	ok(refused, "index %u: nonsensical flags are refused", index);
}

static void test_extremes(const struct test_opts *opts)
{
	static const u32 wild[] = { VFIO_PCI_NUM_IRQS + 1000, 0x80000000, ~0u };
	struct vfio_dev dev;
	unsigned int i;

	test_open(&dev, opts->id, opts);
	for (i = 0; i < VFIO_PCI_NUM_IRQS; i++) {
		check_ranges(&dev, i);
		check_argsz(&dev, i);
		check_flags(&dev, i);
	}
	for (i = 0; i < ARRAY_SIZE(wild); i++)
		ok(range_refused(&dev, wild[i], 0, 0) &&
		   range_refused(&dev, wild[i], 0, 1),
		   "index 0x%x is refused", wild[i]);
	is(ioctl(dev.fd, VFIO_DEVICE_SET_IRQS, NULL) ? errno : 0, EFAULT,
	   "a null pointer is refused");
	vfio_close(&dev);
}

static int new_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		tap_bail("no eventfd");
	return fd;
}

static u64 signals(int fd)
{
	u64 count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static int trigger_none(struct vfio_dev *dev, u32 index, u32 start, u32 count)
{
	return vfio_set_irqs(dev, VFIO_IRQ_SET_DATA_NONE |
			     VFIO_IRQ_SET_ACTION_TRIGGER, index, start, count,
			     NULL, 0);
}

static int trigger_bool(struct vfio_dev *dev, u32 index, u32 start, u32 count,
			const u8 *which)
{
	return vfio_set_irqs(dev, VFIO_IRQ_SET_DATA_BOOL |
			     VFIO_IRQ_SET_ACTION_TRIGGER, index, start, count,
			     which, count);
}

/* The device accepts an eventfd and signals it, after any history. */
static bool still_signals(struct vfio_dev *dev)
{
	int fd = new_eventfd();
	bool good = !vfio_set_eventfds(dev, MSIX, 0, 1, &fd) &&
		    !trigger_none(dev, MSIX, 0, 1) && signals(fd) == 1 &&
		    !vfio_disable_irqs(dev, MSIX);

	close(fd);
	return good;
}

static void test_trigger(const struct test_opts *opts)
{
	u8 one = 1, zero = 0, both[2] = { 0, 1 };
	struct vfio_dev dev;
	int fds[2];

	test_open(&dev, opts->id, opts);
	fds[0] = new_eventfd();
	fds[1] = new_eventfd();
	trigger_none(&dev, MSIX, 0, 1);
	trigger_bool(&dev, MSIX, 0, 1, &one);
	ok(still_signals(&dev), "works after triggers before set-up");
	is(vfio_set_eventfds(&dev, MSIX, 0, 2, fds), 0, "two eventfds set");
	is(trigger_none(&dev, MSIX, 0, 1), 0, "trigger without data");
	is(signals(fds[0]), 1, "signals the vector");
	is(signals(fds[1]), 0, "and no other");
	is(trigger_bool(&dev, MSIX, 0, 2, both), 0, "trigger with booleans");
	is(signals(fds[0]), 0, "false does not signal");
	is(signals(fds[1]), 1, "true does");
	trigger_bool(&dev, MSIX, 0, 1, &zero);
	is(signals(fds[0]), 0, "false alone does not signal");
	vfio_reset(&dev);
	trigger_none(&dev, MSIX, 0, 2);
	ok(signals(fds[0]) <= 1 && signals(fds[1]) <= 1,
	   "a trigger after a reset signals each once at most");
	is(vfio_disable_irqs(&dev, MSIX), 0, "MSI-X disabled");
	trigger_none(&dev, MSIX, 0, 2);
	trigger_bool(&dev, MSIX, 0, 2, both);
	is(signals(fds[0]) + signals(fds[1]), 0,
	   "nothing is signalled once disabled");
	vfio_close(&dev);
	close(fds[0]);
	close(fds[1]);
}

static void test_lifetime(const struct test_opts *opts)
{
	struct vfio_dev dev;
	int fd, none = -1;

	test_open(&dev, opts->id, opts);
	fd = new_eventfd();
	is(vfio_set_eventfds(&dev, MSIX, 0, 1, &fd), 0, "eventfd set");
	close(fd);
	is(trigger_none(&dev, MSIX, 0, 1), 0,
	   "trigger after the process closed the eventfd");
	vfio_close(&dev);

	test_open(&dev, opts->id, opts);
	ok(still_signals(&dev),
	   "works after the eventfd was closed before the device");
	fd = new_eventfd();
	is(vfio_set_eventfds(&dev, MSIX, 0, 1, &fd), 0, "eventfd set again");
	vfio_close(&dev);
	is(signals(fd), 0, "closing the device signals nothing");
	close(fd);

	test_open(&dev, opts->id, opts);
	ok(still_signals(&dev),
	   "works after the device was closed before the eventfd");
	fd = new_eventfd();
	is(vfio_set_eventfds(&dev, MSIX, 0, 1, &fd), 0, "eventfd set");
	is(vfio_set_eventfds(&dev, MSIX, 0, 1, &fd), 0, "the same again");
	is(vfio_set_eventfds(&dev, MSIX, 1, 1, &fd), 0,
	   "and for a second vector");
	trigger_none(&dev, MSIX, 0, 2);
	is(signals(fd), 2, "both vectors signal it");
	is(vfio_set_eventfds(&dev, MSIX, 0, 1, &none), 0, "taken from one");
	trigger_none(&dev, MSIX, 0, 2);
	is(signals(fd), 1, "the other one still signals");
	vfio_close(&dev);
	close(fd);
}

static void test_bad_fds(const struct test_opts *opts)
{
	struct vfio_dev dev;
	int bad[3], i;

	test_open(&dev, opts->id, opts);
	bad[0] = 9999;
	bad[1] = open("/dev/null", O_RDWR | O_CLOEXEC);
	bad[2] = dev.fd;
	for (i = 0; i < 3; i++)
		ok(vfio_set_eventfds(&dev, MSIX, 0, 1, &bad[i]) < 0,
		   "what is not an eventfd is refused (%d)", i);
	trigger_none(&dev, MSIX, 0, irq_count(&dev, MSIX));
	ok(still_signals(&dev), "works after these");
	close(bad[1]);
	vfio_close(&dev);
}

static void test_request(const struct test_opts *opts)
{
	struct vfio_dev dev;
	int fd;

	test_open(&dev, opts->id, opts);
	if (!irq_count(&dev, VFIO_PCI_REQ_IRQ_INDEX)) {
		ok(false, "the device can ask its user to let go");
		vfio_close(&dev);
		return;
	}
	fd = new_eventfd();
	trigger_none(&dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1);
	is(vfio_set_eventfds(&dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &fd), 0,
	   "eventfd for requests set");
	is(trigger_none(&dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1), 0, "trigger");
	is(signals(fd), 1, "signals it");
	is(vfio_disable_irqs(&dev, VFIO_PCI_REQ_IRQ_INDEX), 0, "disabled");
	close(fd);
	vfio_close(&dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "extremes", test_extremes },
		{ "trigger", test_trigger },
		{ "lifetime", test_lifetime },
		{ "bad-fds", test_bad_fds },
		{ "request", test_request },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
