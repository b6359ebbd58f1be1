#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# Slices in sysfs: sysfs shows what the partition table says, and attachments
# are made or refused as the ABI documents say. No guest is needed.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

mib=$((1 << 20))
a=$(new_uuid) b=$(new_uuid) pool1=$(new_uuid) pool2=$(new_uuid) other=$(new_uuid)
available() { cat "$(drive_type main "$1")/available_instances"; }
slices() { find /sys/class/sluice -mindepth 1 -printf '%f\n' 2>/dev/null | sort; }

plan 74
check "fill the drive" l0 fill main
check "bind the drive" sluice_up main
disk=$(drive_disk main)
is "an unpartitioned namespace has no slice" "$(slices)" ""
check "cut it up" table_write main \
	"start=1MiB, size=32MiB, type=slice, uuid=$a, name=\"Größe äöü\"" \
	"size=32MiB, type=slice, uuid=$b, name=beta" \
	"size=16MiB, type=slice, uuid=$pool1, name=pool1, attrs=GUID:48" \
	"size=16MiB, type=slice, uuid=$pool2, name=pool2, attrs=GUID:48" \
	"size=16MiB, type=L, name=host"
is "four slices" "$(slices | paste -sd' ')" "${disk}p1 ${disk}p2 ${disk}p3 ${disk}p4"
dir=/sys/class/sluice/${disk}p1
is "uuid" "$(cat "$dir/uuid")" "$a"
is "name in UTF-8" "$(cat "$dir/name")" "Größe äöü"
is "start_bytes" "$(cat "$dir/start_bytes")" $mib
is "size_bytes" "$(cat "$dir/size_bytes")" $((32 * mib))
is "block_size_bytes" "$(cat "$dir/block_size_bytes")" 512
is "pool" "$(cat "$dir/pool") $(slice_attr "$pool1" pool)" "0 1"
is "disk" "$(cat "$dir/disk")" "$disk"
is "partition" "$(cat "$dir/partition")" 1
is "state" "$(cat "$dir/state")" free
is "mdev" "$(cat "$dir/mdev")" ""
is "the device below is the drive" "$(basename "$(readlink -f "$dir/device")")" "$(drive_bdf main)"
generation=$(cat "$dir/generation")

before="$(available q2) $(available q4) $(available pool-q2)"
check "attach" slice_attach main "$a"
is "state" "$(cat "$dir/state")" attached
is "mdev" "$(cat "$dir/mdev")" "$a"
check "the generation is higher" test "$(cat "$dir/generation")" -gt "$generation"
is "fewer are available, but not of the pool" "$(available q2) $(available pool-q2)" "1 2"
errno_is "the same once more" EEXIST slice_attach main "$a"
errno_is "an exclusive open by the host is refused" EBUSY wipefs -a "/dev/${disk}p1"
errno_is "taking its partition away is refused" EBUSY delpart "/dev/$disk" 1
append() { echo "$1" | sed "s/type=slice/type=$SLICE_TYPE/" |
	sfdisk -q --append --no-reread --no-tell-kernel "/dev/$disk"; }
check "a slice more while another is attached" append "size=8MiB, type=slice, uuid=$other, name=late"
check "the kernel takes the partition" partx -a -n 6 "/dev/$disk"
check "rescan" rescan main
is "the new slice is there" "$(slice_attr "$other" name) $(slice_attr "$other" state)" "late free"
is "and the attached one still is" "$(cat "$dir/state")" attached
check "one slice fewer" sfdisk -q --delete --no-reread --no-tell-kernel "/dev/$disk" 6
partx -d -n 6 "/dev/$disk"
rescan main
refuse "the slice is gone" slice_dir "$other"
check "detach" slice_detach "$a"
is "state" "$(cat "$dir/state")" free
is "mdev" "$(cat "$dir/mdev")" ""
is "available_instances are back" "$(available q2) $(available q4) $(available pool-q2)" "$before"

# A slice that is forgotten and found again gets no generation for a second time
generation=$(cat "$dir/generation")
check "the slice's entry goes" eval "sfdisk --dump /dev/$disk >/tmp/table &&
	sfdisk -q --delete /dev/$disk 1 && rescan main"
refuse "the slice is forgotten" slice_dir "$a"
check "the entry comes back" eval "sfdisk -q /dev/$disk </tmp/table && rescan main"
is "the slice is found" "$(cat "$dir/uuid")" "$a"
check "attach it" slice_attach main "$a"
check "its generation is a new one" test "$(cat "$dir/generation")" -gt "$generation"
slice_detach "$a"


errno_is "what is no UUID is refused" EINVAL slice_attach main not-a-uuid
check "exclusive use by the host" mkfs.ext4 -q -F "/dev/${disk}p2"
mkdir -p /mnt
mount -t ext4 "/dev/${disk}p2" /mnt
is "makes a slice busy" "$(slice_attr "$b" state)" busy
errno_is "and keeps guests out" EBUSY slice_attach main "$b"
like "the log says why" "$(dmesg | tail -n 2)" \
	"create $b refused: slice ${disk}p2 "
umount /mnt
is "until it ends" "$(slice_attr "$b" state)" free

# A UUID that is not a slice's takes a slice of the pool, if the type is for it
before=$(available pool-q2)
errno_is "a UUID of nobody is refused for other slices" ENOENT slice_attach main "$other"
like "the log names a type for the pool" "$(dmesg | tail -n 2)" \
	"$other refused: no slice has this UUID; .* sluice_nvme-pool-q2"
errno_is "a slice of the pool as well" EINVAL slice_attach main "$pool1"
like "the log names a type for it" "$(dmesg | tail -n 2)" "is in the pool, .* sluice_nvme-pool-q2"
errno_is "and another slice by a type for the pool" EINVAL slice_attach_pool main "$a"
like "the log names a type for it" "$(dmesg | tail -n 2)" "is not in the pool, .* sluice_nvme-q2"
start=$(slice_attr "$pool1" start_bytes)
refuse "the pool's slices hold data" l0 zero main "$start" $((32 * mib))
check "a UUID of nobody takes a pool slice" slice_attach_pool main "$other"
is "the first one" "$(slice_attr "$pool1" mdev)" "$other"
second=$(new_uuid)
check "and the next the second" slice_attach_pool main "$second"
is "indeed" "$(slice_attr "$pool2" mdev)" "$second"
errno_is "then there is none" ENOSPC slice_attach_pool main "$(new_uuid)"
check "a new tenant sees nothing of the former" l0 zero main "$start" $((16 * mib))
check "the tenants write" l0 scribble main "$start" $((32 * mib))
l0 snapshot main
check "detach the first" slice_detach "$other"
freed() { [ "$(slice_attr "$pool1" state)" = free ]; }
check "it is wiped and free" wait_for 30 freed
check "zeroes all over" l0 zero main "$start" $((16 * mib))
check "nothing else is touched" l0 same main "$start" $((16 * mib))
check "detach the second" slice_detach "$second"
pool2_freed() { [ "$(slice_attr "$pool2" state)" = free ]; }
wait_for 30 pool2_freed
is "all are available again" "$(available pool-q2)" "$before"
check "attach a slice of the pool by its own UUID" slice_attach_pool main "$pool2"
is "it is the right one" "$(slice_attr "$pool2" mdev)" "$pool2"
slice_detach "$pool2"
wait_for 30 pool2_freed
check "a named slice is not wiped" slice_attach main "$a"
slice_detach "$a"
refuse "its data is there" l0 zero main $mib $((32 * mib))

# An invalid table
check "overwrite both tables" bash -c \
	"dd if=/dev/urandom of=/dev/$disk bs=512 count=34 oflag=direct 2>/dev/null &&
	dd if=/dev/urandom of=/dev/$disk bs=512 seek=$((2097152 - 34)) oflag=direct count=34 2>/dev/null"
check "rescan" rescan main
is "no slice of the old table is left" "$(slices | grep -c p)" 0
