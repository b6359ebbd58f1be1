#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# Claims that must fail and wipes that must not count: the host uses a partition
# that shares blocks with the slice, or a wipe was cut short.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

mib=$((1 << 20))
a=$(new_uuid) pool=$(new_uuid) other=$(new_uuid)
is_free() { [ "$(slice_attr "$1" state)" = free ]; }

plan 22
check "bind the drive" sluice_up main
disk=$(drive_disk main)
check "a slice and a partition" table_write main \
	"start=1MiB, size=32MiB, type=slice, uuid=$a, name=a" "size=32MiB, type=L, name=host"
check "a file system" mkfs.ext4 -q -F "/dev/${disk}p2"
mkdir -p /mnt
check "mounted" mount -t ext4 "/dev/${disk}p2" /mnt
# The kernel does not read a new table while one of the partitions is mounted
longer() {
	printf 'label: gpt\nstart=1MiB, size=48MiB, type=%s, uuid=%s, name=a\n' \
		"$SLICE_TYPE" "$a" |
		sfdisk -q --force --no-reread --no-tell-kernel --wipe never "/dev/$disk"
}
check "the table says that the slice reaches into the partition" longer
check "rescan" rescan main
is "it does" "$(slice_attr "$a" size_bytes)" $((48 * mib))
is "the slice is busy" "$(slice_attr "$a" state)" busy
errno_is "it is not attached" EBUSY slice_attach main "$a"
umount /mnt
errno_is "nor while the kernel has that partition" EBUSY slice_attach main "$a"
check "the kernel reads the table" blockdev --rereadpt "/dev/$disk"
check "then it is" slice_attach main "$a"
check "detach" slice_detach "$a"
check "unbind" drive_unbind "$(drive_bdf main)"

# Whoever creates the mdev of a pool slice waits for the wipe, and is killed. A
# wipe can be stopped after each 64 MiB.
check "fill another drive" l0 fill hang
check "bind it" drive_to hang sluice_nvme
check "a slice of the pool" table_write hang \
	"start=1MiB, size=192MiB, type=slice, uuid=$pool, name=pool, attrs=GUID:48"
l0 hang 4
bash -c "echo $(new_uuid) >'$(drive_sys hang)/mdev_supported_types/sluice_nvme-pool-q2/create'" &
creator=$!
sleep 1
kill -9 $creator
wait $creator
is "its creator is killed" $? 137
check "it is free again" wait_for 30 is_free "$pool"
refuse "it is not wiped yet" l0 zero hang $mib $((192 * mib))
check "the next one has it" slice_attach_pool hang "$other"
check "and finds zeroes all over" l0 zero hang $mib $((192 * mib))
slice_detach "$other"
