#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: none
# check-all
#
# The models of core-doorbell-model, with as many writers and stores for liveness as
# for their other properties; and the model of unmapping when VFIO's lock is had twice
# for each range to be unpinned: that takes eight rounds, and five if it is had once.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/common.sh
. "$top/tools/testing/lib/common.sh"
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"

model() {
	make -C "$top/tools/testing/model" --no-print-directory \
		MODEL_OUT="$T_BUILD/model-full" FULL=1 "$1"
}

plan 4
check "doorbells that are mapped are all seen" model doorbell
check "shadow doorbells of an admin queue are all seen" model admin
check "what one thread leaves to another is taken" model handoff
check "memory is unmapped in eight rounds at most" model unmap
