#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: none
#
# Two threads meet at a submission queue, as compiled for the kernel: one of
# them always sees what the other has done, whatever the processors reorder.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"

# "arm: 0 of 300000 lost", and so on. Without one of the barriers dozens of
# 200000 were lost on two busy processors.
barrier() { said=$("$top/tools/testing/barrier/barrier" 300000); }

plan 5
check "nothing is lost" barrier
for race in arm service poll slot; do
	like "$race" "$said" "^$race: 0 of 300000 lost\$"
done
