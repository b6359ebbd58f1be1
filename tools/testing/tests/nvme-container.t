#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# Two slices of one user, in one address space: when memory that both use is
# unmapped, VFIO tells each of them once, also while a slow drive still works for
# one of them. VFIO starts again as long as it finds a page pinned, and ends in a
# BUG after ten times.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck source=tools/testing/selftests/vfio/l1.sh
. /t/tools/testing/selftests/vfio/l1.sh

a=$(new_uuid) b=$(new_uuid)
times=10
trace=/sys/kernel/tracing/instances/container

# Print how often a slice was told that the memory in question, 8 MiB, is unmapped
told() { grep -c "slice=$1 .*size=0x800000 " $trace/trace; }

plan 8
check "two slices" selftest_slices "$a" "$b"
mkdir -p $trace
echo 1 >$trace/events/sluice/sluice_unmap/enable
# A queue that is full takes the drive longer than a slice refuses to pin
check "the drive is slow" l0 monitor block_set_io_throttle ns-main1 0 0 0 400 0 0
check "memory of two busy slices is unmapped" /out/bin/vfio/nvme_container \
	--path group --second "$b" --count $times "$a"
for slice in "$a" "$b"; do
	nr=$(told "$slice")
	diag "$times unmaps, told $nr times"
	check "VFIO told it once of each, or twice" test "$nr" -ge $times -a "$nr" -le $((2 * times))
done
echo 0 >$trace/events/sluice/sluice_unmap/enable
rmdir $trace
check "the drive is fast again" l0 monitor block_set_io_throttle ns-main1 0 0 0 0 0 0
check "detach" slice_detach "$a"
check "detach the other" slice_detach "$b"
