/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes a slice on behalf of another verb. */
#ifndef SLUICECTL_CREATE_H
#define SLUICECTL_CREATE_H

#include "inventory.h"
#include "request.h"

/*
 * Makes a GPT with one slice, without a name, that covers all of a disk. Refuses
 * a disk that is not blank. Returns 0 with the slice's UUID in *@uuid; after a
 * dry run *@uuid is unchanged. Or prints a message and returns an exit code.
 */
int create_over(const struct request *rq, const struct disk *disk, char **uuid);

#endif
