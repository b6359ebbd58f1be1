#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# Two slices of one user, in one address space: when memory that both use is
# unmapped, VFIO tells each of them once, also while a slow drive still works for
# one of them. VFIO starts again as long as it finds a page pinned, and ends in a
# BUG after ten times. When two threads unmap it may have to start again, but does
# not come near that.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck source=tools/testing/selftests/vfio/l1.sh
. /t/tools/testing/selftests/vfio/l1.sh

a=$(new_uuid) b=$(new_uuid)
times=10
trace=/sys/kernel/tracing/instances/container

# Rounds of eleven that VFIO may need: tools/testing/model/unmap.pml
rounds=5
# Print how often slice $1 was told that a range of size $2 is unmapped, in how many
# rounds at most, and the longest time in milliseconds
told() {
	grep -- "slice=$1 .*size=$2 " $trace/trace |
		sed 's/.*round=\([0-9]*\) ns=\([0-9]*\).*/\1 \2/' |
		awk '$1 > r { r = $1 } $2 > ns { ns = $2 } END { print NR, r + 0, int(ns / 1e6) }'
}
# few WHAT SLICE SIZE TIMES: the slice was told of so many unmaps, in few rounds
few() {
	local nr most ms

	read -r nr most ms < <(told "$2" "$3")
	diag "$4 unmaps of $3 bytes, told $nr times, $most rounds at most, $ms ms at most"
	check "$1" test "$nr" -ge "$4" -a "$most" -ge 1 -a "$most" -le $rounds
}

plan 9
check "two slices" selftest_slices "$a" "$b"
mkdir -p $trace
echo 1 >$trace/events/sluice/sluice_unmap/enable
# A queue that is full takes the drive longer than a slice refuses to pin
check "the drive is slow" l0 monitor block_set_io_throttle ns-main1 0 0 0 400 0 0
check "memory of two busy slices is unmapped" /out/bin/vfio/nvme_container \
	--path "${CONTAINER_PATH:-group}" --second "$b" --count $times "$a"
few "VFIO told the first in few rounds" "$a" 0x800000 $times
few "and the second" "$b" 0x800000 $times
few "also when two threads unmapped" "$a" 0x40000 $((2 * times))
echo 0 >$trace/events/sluice/sluice_unmap/enable
rmdir $trace
check "the drive is fast again" l0 monitor block_set_io_throttle ns-main1 0 0 0 0 0 0
check "detach" slice_detach "$a"
check "detach the other" slice_detach "$b"
