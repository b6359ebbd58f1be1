/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: a drive that answers admin commands, for the KUnit tests of the guest side
 *
 * It answers when the test has it do so, and completes commands of others, but none
 * of the slice. It must never be reset for that.
 */
#ifndef SLUICE_NVME_VDRIVE_TEST_H
#define SLUICE_NVME_VDRIVE_TEST_H

#include <linux/workqueue.h>

#include "guest/vfake_test.h"

/* Where the guest has its admin queues; those of pair n are n times 64 KiB behind */
#define VDRIVE_SQ	0x0000111100000000ull
#define VDRIVE_CQ	0x0000222200000000ull

/**
 * struct vdrive - a drive with an admin queue
 * @f: everything else
 * @bar: its registers
 * @work: looks at the admin queue every few milliseconds
 * @silent: an opcode that it does not answer to, or 0xff
 * @refused: an opcode that it refuses, or 0xff
 * @others: it completes commands of others
 * @trickle: it completes one of the slice's first queue each so many milliseconds,
 *	or 0; until it has deleted a queue
 * @next: when it completes the next one, in jiffies
 * @completed: how many it has
 * @stop: @work is to end
 * @head: next admin command
 * @tail: next admin completion
 * @phase: its phase tag
 * @deletes: Delete I/O Submission Queue commands that it got
 * @creates: Create I/O Submission Queue commands
 * @aborts: Abort commands
 * @obeys: it aborts what it is told to, which is in the slice's first queue
 * @held: identifier of the command that it does not answer to
 */
struct vdrive {
	struct vfake *f;
	u8 *bar;
	struct delayed_work work;
	u8 silent;
	u8 refused;
	bool others;
	unsigned int trickle;
	unsigned long next;
	u16 completed;
	bool stop;
	u32 head;
	u32 tail;
	u8 phase;
	unsigned int deletes;
	unsigned int creates;
	unsigned int aborts;
	bool obeys;
	__le16 held;
};

struct vdrive *vdrive_bring_up(struct vfake *f);
void vdrive_take_down(struct vdrive *drive);
void vdrive_answer(struct vdrive *drive, __le16 cid, u16 status);
void vdrive_let_run(struct vdrive *drive);
void vdrive_reset(struct vdrive *drive, bool for_this);

/* The guest */
void vdrive_submit(struct vfake *f, u16 qid, unsigned int nr);
void vdrive_expect_status(struct vfake *f, u16 qid, unsigned int nr, int status);

#endif /* SLUICE_NVME_VDRIVE_TEST_H */
