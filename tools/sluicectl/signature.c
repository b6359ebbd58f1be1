// SPDX-License-Identifier: GPL-2.0-only
#include "signature.h"

#include <blkid/blkid.h>

#include "message.h"

static int collect(blkid_probe probe, struct strv *found)
{
	static const char * const keys[] = { "TYPE", "PTTYPE" };
	int r;

	/* Each call finds the next signature; 1 means there are no more. */
	while (!(r = blkid_do_probe(probe))) {
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
			const char *value;

			if (!blkid_probe_lookup_value(probe, keys[i], &value, NULL) &&
			    !strv_has(found, value))
				strv_add(found, "%s", value);
		}
	}
	return r < 0 ? r : 0;
}

int signatures_of(int fd, const char *path, unsigned int block_size, bool gpt_remains,
		  struct strv *found)
{
	blkid_probe probe = blkid_new_probe();
	int r = -1;

	if (probe && !blkid_probe_set_device(probe, fd, 0, 0)) {
		blkid_probe_set_sectorsize(probe, block_size);
		blkid_probe_enable_superblocks(probe, 1);
		/*
		 * Even a damaged signature means that the disk holds somebody's
		 * data.
		 */
		blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_MAGIC |
						  BLKID_SUBLKS_BADCSUM);
		blkid_probe_enable_partitions(probe, 1);
		blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC |
						 (gpt_remains ? BLKID_PARTS_FORCE_GPT : 0));
		r = collect(probe, found);
	}
	blkid_free_probe(probe);
	if (r)
		return fail(FAILED, "%s: cannot read what is on it", path);
	return 0;
}
