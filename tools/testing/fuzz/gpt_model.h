/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parser should find on a disk, computed in the simplest way.
 */
#ifndef SLUICE_FUZZ_GPT_MODEL_H
#define SLUICE_FUZZ_GPT_MODEL_H

#include "table/gpt.h"
#include "gpt_input.h"

/**
 * struct gpt_model_entry - an entry in use
 * @entry: as the visitor should get it, without @entry.name
 * @raw: the entry on the disk
 * @first: its first block
 * @last: its last block
 * @bad_range: it is outside the usable blocks
 * @no_uuid: it has no unique GUID
 * @overlap: it overlaps another entry
 * @duplicate: another entry has its unique GUID
 */
struct gpt_model_entry {
	struct sluice_gpt_entry entry;
	u8 raw[128];
	u64 first;
	u64 last;
	bool bad_range;
	bool no_uuid;
	bool overlap;
	bool duplicate;
};

/**
 * struct gpt_model - the result of the model
 * @result: what sluice_gpt_parse() should return
 * @nr: entries in use
 * @entries: the entries in use, in the order of the table
 */
struct gpt_model {
	int result;
	unsigned int nr;
	struct gpt_model_entry entries[SLUICE_GPT_ENTRIES_MAX];
};

void gpt_model_parse(struct gpt_model *model, const struct gpt_input *in);
bool gpt_model_flawed(const struct gpt_model_entry *e);

#endif /* SLUICE_FUZZ_GPT_MODEL_H */
