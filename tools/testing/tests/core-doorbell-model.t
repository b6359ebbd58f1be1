#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: none
#
# The models of the protocols for mapped doorbells, for shadow doorbells, for the
# shadow doorbells of an admin queue, for a submission queue between poller and
# worker, for masked interrupts, and for unmapping: the checker spin finds no error
# in them, and finds each mistake that the models can contain.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/common.sh
. "$top/tools/testing/lib/common.sh"
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"

model() {
	make -C "$top/tools/testing/model" --no-print-directory \
		MODEL_OUT="$T_BUILD/model" "$@"
}

doorbell="MAP_UNLOCKED NO_SECOND_LOOK CHECK_EARLY LIST_LATE LEAVE_UNLOCKED NO_TIMER"
shadow="NO_BARRIER NO_GUEST_BARRIER NO_SECOND_LOOK ARM_LATE"
admin="PAGE_ONLY MEMORY_ONLY COPY_BLINDLY NO_WORKER_ARM ARM_ONCE"
handoff="STALL_LATE FREE_LATE CLEAR_LATE ASK_EARLY GIVE_BACK_LATE KICK_EARLY RETRY_EARLY NO_LAST_LOOK
	NO_POLLER_LOOK NO_TIMER NO_GO_KICK STOP_UNLOCKED"
masking="NO_TIMER MASK_UNLOCKED WAIT_UNLOCKED LATE_UNLOCKED"
unmap="NO_HOLD HOLD_CALLBACK HOLD_OTHER NO_GIVING_UP"

plan 41
check "doorbells that are mapped are all seen" model doorbell
for bug in $doorbell; do
	check "they would not be: $bug" model doorbell BUG="$bug"
done
check "shadow doorbells are all seen" model shadow
for bug in $shadow; do
	check "they would not be: $bug" model shadow BUG="$bug"
done
check "shadow doorbells of an admin queue are all seen" model admin
for bug in $admin; do
	check "they would not be: $bug" model admin BUG="$bug"
done
check "what one thread leaves to another is taken" model handoff
for bug in $handoff; do
	check "it would not be: $bug" model handoff BUG="$bug"
done
check "completions are delivered with interrupts masked and without a poller" model masking
for bug in $masking; do
	check "they would not be: $bug" model masking BUG="$bug"
done
check "memory of two slices is unmapped by two threads" model unmap
for bug in $unmap; do
	check "it would not be: $bug" model unmap BUG="$bug"
done
