#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# timeout: 240
#
# available_instances of each mdev type is how many mdevs of this type can be
# created: for each type, the test reads it and then creates mdevs until no more
# can be created, with free slices and with each reason why a slice cannot be
# attached.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

named=("$(new_uuid)" "$(new_uuid)" "$(new_uuid)" "$(new_uuid)")
pool=("$(new_uuid)" "$(new_uuid)" "$(new_uuid)")
types=(q2 q4 pool-q2 pool-q4)

# entries OPTION UUID...: lines for sfdisk
entries() {
	local option=$1 uuid
	shift

	for uuid; do
		echo "size=8MiB, type=slice, uuid=$uuid$option"
	done
}

cut_up() {
	local lines

	mapfile -t lines < <(entries '' "${named[@]}"; entries ', attrs=GUID:48' "${pool[@]}")
	table_write main "${lines[@]}"
}

available() { cat "$(drive_type main "$1")/available_instances"; }

# What other software may write to create of a type
uuids_for() {
	case $1 in
	pool-*) for _ in "${pool[@]}" more; do new_uuid; done ;;
	*) printf '%s\n' "${named[@]}" ;;
	esac
}

wiped() { ! grep -qs wiping /sys/class/sluice/*/state; }

# can_create TYPE: print how many mdevs can be created, and remove them
can_create() {
	local create uuid made=()

	create=$(drive_type main "$1")/create
	for uuid in $(uuids_for "$1"); do
		echo "$uuid" 2>/dev/null >"$create" && made+=("$uuid")
	done
	echo ${#made[@]}
	for uuid in "${made[@]}"; do
		slice_detach "$uuid"
	done
	wait_for 60 wiped
}

promised() { for t in "${types[@]}"; do available "$t"; done | paste -sd' '; }
created() { for t in "${types[@]}"; do can_create "$t"; done | paste -sd' '; }

# agree WHAT NUMBERS: for q2, q4, pool-q2 and pool-q4
agree() {
	is "$1: what the types promise" "$(promised)" "$2"
	is "$1: what can be created" "$(created 2>/dev/null)" "$2"
}

# held NUMBER: have the host use a partition
held() {
	mkdir -p "/mnt/$1" && mkfs.ext4 -q -F "/dev/${disk}p$1" &&
		mount -t ext4 "/dev/${disk}p$1" "/mnt/$1"
}

plan 28
check "bind, seven queue pairs for guests" sluice_up main host_queues=9
disk=$(drive_disk main)
is "which they are" "$(cat "$(drive_sys main)/sluice/queue_pairs_free")" 7
is "the types" "$(for t in "$(drive_sys main)"/mdev_supported_types/*; do
	echo "${t##*/sluice_nvme-}"
done | paste -sd' ')" "pool-q2 pool-q4 q2 q4"
check "four slices, and three of the pool" cut_up
agree "all are free" "3 1 3 1"
check "attach a slice" slice_attach main "${named[0]}"
agree "one is attached" "2 1 2 1"
check "attach one of the pool" slice_attach_pool main "$(new_uuid)"
agree "one of each is attached" "1 0 1 0"
for m in /sys/bus/mdev/devices/*; do
	slice_detach "${m##*/}"
done
wait_for 60 wiped
check "the host uses three slices and two of the pool" eval "held 1 && held 2 && held 3 && held 5 && held 6"
agree "they do not count" "1 1 1 1"
umount /mnt/[0-9]
check "the kernel forgets the partitions of three slices and of one of the pool" \
	eval "partx -d -n 2:4 /dev/$disk && partx -d -n 5 /dev/$disk"
agree "they do not count" "1 1 2 1"
check "the kernel finds them" partx -a -n 2:5 "/dev/$disk"
agree "they count again" "3 1 3 1"
check "the host holds the whole disk" dmsetup create held --table "0 64 linear /dev/$disk 0"
agree "nothing is free" "0 0 0 0"
check "the host lets the disk go" dmsetup remove held
check "entries are deleted, and the driver is not told" sfdisk -q --delete "/dev/$disk" 2 3 7
is "the slices that have gone do not count" "$(promised)" "2 1 2 1"
is "and cannot be had" "$(created 2>/dev/null)" "2 1 2 1"
