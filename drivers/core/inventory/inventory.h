/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inventory: which slices a parent has, and which mdev has each of them
 *
 * What parent.c and device/ use. Slice providers use linux/sluice_slice.h.
 */
#ifndef SLUICE_INVENTORY_H
#define SLUICE_INVENTORY_H

#include <linux/sluice_slice.h>

#include "core.h"

/* slice.c */
extern struct class sluice_class;
unsigned int sluice_slice_nr_free(struct sluice_parent *parent, bool pool);
const char *sluice_slice_refusal(const struct sluice_slice *slice);
void sluice_slice_notify(struct sluice_slice *slice);
void sluice_slice_set_mdev(struct sluice_slice *slice, const uuid_t *mdev);
void sluice_slice_set_opener(struct sluice_slice *slice, struct pid *opener);

/* provider.c */
int sluice_inventory_enumerate(struct sluice_parent *parent);
void sluice_inventory_clear(struct sluice_parent *parent);

/* claim.c */
struct sluice_slice *sluice_claim(struct sluice_parent *parent,
				  const struct sluice_type *type,
				  const uuid_t *mdev);
void sluice_claim_join(struct sluice_slice *slice, struct sluice_dev *sdev);
void sluice_claim_leave(struct sluice_slice *slice);
void sluice_claim_cancel(struct sluice_slice *slice);
void sluice_claim_release(struct sluice_slice *slice);

#endif /* SLUICE_INVENTORY_H */
