// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target: compares drivers/core/table/gpt.c with gpt_model.c on any disk.
 *
 * Besides the checks of the sanitizers, each input checks that
 * - the parser calls the reader as documented, and a limited number of times;
 *   memory is limited and all freed, also when a call fails;
 * - result, partitions and flaws equal those of the model;
 * - names are valid UTF-8 without control characters;
 * - an error of the reader never becomes a verdict on the content;
 * - a type filter leaves out exactly the partitions of other types.
 */

#include <stdio.h>

#include "fuzzer.h"
#include "gpt_model.h"

/* Limits of one run: reads of three blocks and two arrays; bytes allocated. */
#define READS_MAX	(3 + 2 * SLUICE_GPT_ENTRIES_MAX)
#define MEMORY_MAX	(256 * 1024)

/* The state of one run of the parser. */
struct run {
	struct gpt_input in;
	const struct gpt_model *model;
	const guid_t *filter;
	bool faults;
	unsigned int reads;
	unsigned int next;
	unsigned int visited;
	int stop_with;
};

static struct gpt_model model;

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "violated: %s\n", what);
	abort();
}

static int run_read(void *priv, u64 offset, void *buf, size_t len)
{
	struct run *run = priv;
	u64 end = run->in.blocks * run->in.block_size;

	run->reads++;
	check(run->reads <= READS_MAX, "number of reads bounded");
	check(len && len <= SLUICE_GPT_READ_MAX, "length of a read");
	check(!(len % run->in.block_size), "length is whole blocks");
	check(!(offset % run->in.block_size), "offset is whole blocks");
	check(offset <= end && len <= end - offset, "read within the disk");
	if (run->faults && run->reads == run->in.fail_read) {
		memset(buf, 0x5a, len);
		return run->in.read_error;
	}
	gpt_input_read(&run->in, offset, buf, len);
	return 0;
}

/* The next entry of the model that passes the filter. */
static const struct gpt_model_entry *expected(struct run *run)
{
	const struct gpt_model_entry *e;

	while (run->next < run->model->nr) {
		e = &run->model->entries[run->next++];
		if (!run->filter || guid_equal(&e->entry.type, run->filter))
			return e;
	}
	return NULL;
}

static void run_reject(void *priv, const struct sluice_gpt_entry *got,
		       enum sluice_gpt_flaw flaw)
{
	struct run *run = priv;
	const struct gpt_model_entry *e;

	if (run->faults)
		return;
	e = expected(run);
	check(e && e->entry.partition == got->partition, "order of entries");
	check(uuid_equal(&got->uuid, &e->entry.uuid), "GUID of a flawed entry");
	check(got->start_bytes == e->entry.start_bytes, "start of a flawed entry");
	check(got->size_bytes == (e->first > e->last ? 0 : e->entry.size_bytes),
	      "size of a flawed entry");
	switch (flaw) {
	case SLUICE_GPT_BAD_RANGE:
		check(e->bad_range, "range is bad");
		break;
	case SLUICE_GPT_NO_UUID:
		check(e->no_uuid, "there is no GUID");
		break;
	case SLUICE_GPT_OVERLAP:
		check(e->overlap, "entries overlap");
		break;
	case SLUICE_GPT_DUPLICATE:
		check(e->duplicate, "GUID is there twice");
		break;
	default:
		check(false, "flaw is known");
	}
}

/* Length of the UTF-8 sequence at @p; 0 if it is not valid. */
static unsigned int utf8_len(const u8 *p, u32 *c)
{
	static const u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int len = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	unsigned int i;

	if ((*p & 0xc0) == 0x80 || *p >= 0xf8)
		return 0;
	*c = len == 1 ? *p : *p & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	if (*c < least[len] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000))
		return 0;
	return len;
}

static u32 utf16_at(const u8 *raw, unsigned int unit)
{
	return raw[56 + 2 * unit] | raw[57 + 2 * unit] << 8;
}

/* Each character of @name must match the next one or two units of @raw. */
static void check_name(const char *name, const u8 *raw)
{
	const u8 *p = (const u8 *)name;
	unsigned int unit = 0, len;
	u32 c = 0, u;

	check(strnlen(name, SLUICE_GPT_NAME_LEN) < SLUICE_GPT_NAME_LEN,
	      "name has an end");
	for (; *p; p += len, unit++) {
		len = utf8_len(p, &c);
		check(len, "name is UTF-8");
		check(c >= 0x20 && (c < 0x7f || c > 0x9f), "no controls");
		check(unit < 36, "no more characters than units");
		u = utf16_at(raw, unit);
		if (c > 0xffff) {
			check(unit < 35, "room for a pair");
			check(u == 0xd7c0 + (c >> 10), "first of the pair");
			u = utf16_at(raw, ++unit);
			check(u == 0xdc00 + (c & 0x3ff), "second of the pair");
		} else if (c != 0xfffd) {
			check(c == u, "character as in the table");
		} else {
			check((u && u < 0x20) || (u > 0x7e && u < 0xa0) ||
			      (u >= 0xd800 && u < 0xe000) || u == 0xfffd,
			      "replaced with cause");
		}
	}
	check(unit == 36 || !utf16_at(raw, unit), "name not cut short");
}

static int run_visit(void *priv, const struct sluice_gpt_entry *e)
{
	struct run *run = priv;
	const struct gpt_model_entry *m;

	run->visited++;
	if (run->faults)
		return 0;
	m = expected(run);
	check(m && m->entry.partition == e->partition, "order of entries");
	check(!gpt_model_flawed(m), "no flawed entry visited");
	check(guid_equal(&e->type, &m->entry.type), "type");
	check(uuid_equal(&e->uuid, &m->entry.uuid), "GUID");
	check(e->start_bytes == m->entry.start_bytes, "start");
	check(e->size_bytes == m->entry.size_bytes, "size");
	check(e->attributes == m->entry.attributes, "attributes");
	check_name(e->name, m->raw);
	return run->stop_with;
}

static int parse(struct run *run)
{
	struct sluice_gpt_reader reader = {
		.read = run_read,
		.priv = run,
		.size_bytes = run->in.size,
		.block_size = run->in.block_size,
		.reject = run_reject,
	};
	int ret;

	run->reads = 0;
	run->next = 0;
	run->visited = 0;
	shim_allocated_max = 0;
	ret = sluice_gpt_parse(&reader, run->filter, run_visit, run);
	shim_fail_alloc = -1;
	check(!shim_live, "all memory freed");
	check(shim_allocated_max <= MEMORY_MAX, "memory bounded");
	return ret;
}

static void parse_all(struct run *run)
{
	check(parse(run) == run->model->result, "result is the model's");
	if (!run->model->result)
		check(!expected(run), "no entry left out");
	else
		check(!run->visited, "nothing visited of a bad table");
}

/* Filters by the type of the last entry; then stops at the first visit. */
static void parse_filtered(struct run *run)
{
	int ret;

	if (!run->model->nr)
		return;
	run->filter = &run->model->entries[run->model->nr - 1].entry.type;
	parse_all(run);

	run->filter = NULL;
	run->stop_with = -ECANCELED;
	ret = parse(run);
	check(ret == (run->visited ? -ECANCELED : 0), "visitor stops");
	check(run->visited <= 1, "no visit after the last");
	run->stop_with = 0;
}

/* After a failed read: the result of any good enough table, or an error. */
static void check_error(const struct run *run, int ret)
{
	if (ret == -ENODATA || ret == -EMEDIUMTYPE)
		check(false, "error of the reader is no verdict");
	else if (ret == -EINVAL)
		check(run->model->result == ret, "damage is in the table");
	else if (ret)
		check(ret == -EIO || ret == run->in.read_error,
		      "error of the reader comes back");
}

/* With failing memory or reads: a clean error, or an allowed result. */
static void parse_with_faults(struct run *run)
{
	bool failed;
	int ret;

	if (!run->in.fail_alloc && !run->in.fail_read)
		return;
	run->faults = true;
	shim_fail_alloc = (long)run->in.fail_alloc - 1;
	ret = parse(run);
	failed = run->in.fail_read && run->reads >= run->in.fail_read;
	if (ret == -ENOMEM)
		check(run->in.fail_alloc, "memory did fail");
	else if (failed)
		check_error(run, ret);
	else
		check(ret == run->model->result, "result is the model's");
	check(!ret || !run->visited, "nothing visited on an error");
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct run run = { .model = &model };

	if (!gpt_input_open(&run.in, data, size))
		return 0;
	gpt_model_parse(&model, &run.in);
	parse_all(&run);
	parse_filtered(&run);
	parse_with_faults(&run);
	return 0;
}
