#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# A guest with an IOMMU of its own, which unmaps the memory of each command: its data
# are right, those of a slice beside it too, and no unmap takes the doorbells away.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid) b=$(new_uuid)
trace=/sys/kernel/tracing/instances/guest-iommu
unmaps() { grep -c "sluice_unmap: slice=$a " $trace/trace; }
ios() { l2_run one "awk '{ print \$1 + \$5 }' /sys/block/nvme0n1/stat"; }
two_slices() {
	sluice_up main &&
		table_write main "start=1MiB, size=64MiB, type=slice, uuid=$a, name=a" \
			"size=16MiB, type=slice, uuid=$b, name=b" &&
		slice_attach main "$a" && slice_attach main "$b"
}

plan 16
check "fill the drive" l0 fill main
check "two slices" two_slices
check "snapshot of the drive" l0 snapshot main
l2_start one iommu "$a"
check "a guest with an IOMMU is up" l2_up one
check "it has its disk" l2_run one 'until [ -b /dev/nvme0n1 ]; do usleep 100000; done'
like "behind the IOMMU" "$(l2_run one 'cat /sys/class/nvme/nvme0/device/iommu_group/type')" '^DMA'
# Then only an unmap can take the doorbells away
check "it is polled for ever" slice_set_poll_us "$a" 4294967295
check "it reads" l2_run one 'dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct'

mkdir -p $trace
echo 1 >$trace/events/sluice/sluice_unmap/enable
before=$(ios) faults=$(slice_faults "$a")
l2_send one 'fio --minimal --output=/dev/null --ioengine=libaio --direct=1 --rw=randwrite --bsrange=4k-128k --iodepth=16 \
	--verify=crc32c --verify_fatal=1 --verify_state_save=0 --randrepeat=0 --name=job --filename=/dev/nvme0n1 --size=2m'
check "a user of the other slice writes and reads it" \
	/out/bin/vfio/nvme_data --path group --case scattered "$b"
check "the guest writes and verifies meanwhile" l2_wait one
commands=$(($(ios) - before)) unmaps=$(unmaps)
echo 0 >$trace/events/sluice/sluice_unmap/enable
rmdir $trace
diag "$commands reads and writes, $unmaps unmaps"
check "memory was unmapped for each command" test "$unmaps" -ge "$commands" -a "$commands" -gt 0
is "but no doorbell has faulted" "$(slice_faults "$a")" "$faults"

check "the guest ends" l2_stop one
check "detach" slice_detach "$a"
check "detach the other" slice_detach "$b"
check "every byte outside the slices is as before" l0 same main \
	"$(slice_attr "$a" start_bytes)" "$(slice_attr "$a" size_bytes)" \
	"$(slice_attr "$b" start_bytes)" "$(slice_attr "$b" size_bytes)"
