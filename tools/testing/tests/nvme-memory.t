#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# timeout: 600
#
# Guest memory that VFIO cannot pin, such as a file of an ext4 file system: the
# kernel's log says which address, why, and what helps. A guest comes up with such
# memory, without its slice.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

# Without the memory of its queues a controller cannot go on
provokes host 'sluice [0-9a-f-]+: controller fatal status'
provokes one 'nvme nvme0: Device not ready'
a=$(new_uuid) b=$(new_uuid)
# The root is an ext4, and the persistent memory gets one with DAX
export SLUICE_TEST_UNPINNABLE=/var/tmp SLUICE_TEST_DAX=/mnt

two_slices() {
	sluice_up main && table_write main "size=16MiB, type=slice, uuid=$a, name=a" \
		"size=16MiB, type=slice, uuid=$b, name=b" &&
		slice_attach main "$a" && slice_attach main "$b"
}
detach_both() { slice_detach "$a" && slice_detach "$b"; }
pmem() { test -b /dev/pmem0; }
dax() {
	modprobe -a nd_e820 nd_pmem && wait_for 10 pmem &&
		mkfs.ext4 -q -F -b 4096 /dev/pmem0 &&
		mount -t ext4 -o dax /dev/pmem0 /mnt
}
self_tests() {
	/out/bin/vfio/run.sh --path group "$b" nvme_memory
}
# The one line of a slice: address, errno, cause and what helps
explained() {
	dmesg | grep -oE "sluice $a: guest memory at 0x[0-9a-f]+ cannot be pinned .*"
}

# Its driver waits, and such memory is slow
export L2_BOOT_TIMEOUT=400

plan 9
check "two slices" two_slices
check "a file system with DAX" dax
l2_start one mem=200 qemu=-machine qemu=memory-backend=ram qemu=-object \
	"qemu=memory-backend-file,id=ram,size=200M,mem-path=/var/tmp,share=on" "$a"

# The guest needs a while to come up
self_tests >said
is "the self-tests pass" $? 0
sed 's/^/# /' said
is "each of their cases made its points" \
	"$(sed -nE 's/^ok [0-9]+ - nvme_memory: ([a-z0-9]+): .*/\1/p' said | uniq -c | xargs)" \
	"6 file 6 dax 5 limit 3 v1"
umount /mnt

check "the guest is up" l2_up one
refuse "it has no slice" l2_run one 'ls /dev/nvme0n1'
like "since its driver has given up, after 30 seconds" "$(l2_run one 'dmesg')" \
	'nvme nvme0: Device not ready; aborting initialisation, CSTS=0x2'
like "the host's log says why, once" "$(explained | sed 's/.*/[&]/' | paste -sd,)" \
	"^\[sluice $a: guest memory at 0x[0-9a-f]+ cannot be pinned \(error -EFAULT\), most likely because of a file of a file system like ext4; use anonymous memory, hugetlbfs or memfd\]$"
l2_kill one
check "detach" detach_both
