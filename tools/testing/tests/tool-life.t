#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# All steps of a drive's life with sluicectl: doctor, bind, create, attach, a
# guest, detach, destroy, unbind; and the refusals in between.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

bdf=$(drive_bdf main)
mib=$((1 << 20))
tool() { /out/bin/sluicectl "$@"; }
status_of() { "$@" >/dev/null 2>/tmp/stderr; echo $?; }
json() { tool "$1" --json "${@:3}" | jq -r "$2"; }

plan 46
modprobe nvme
modules_load
drive_to main nvme
wait_for 10 drive_disk main >/dev/null
disk=$(drive_disk main)
echo 'size=64MiB, type=L' | sfdisk -q --label gpt "/dev/$disk"
wait_for 10 test -b "/dev/${disk}p1"
mkfs.ext4 -q -F "/dev/${disk}p1"
check "this host is fit" tool doctor
is "doctor finds the same in JSON" "$(json doctor .fit)" true

mount -t ext4 "/dev/${disk}p1" /mnt
is "a drive in use is refused" "$(status_of tool bind "$bdf")" 4
like "and the use named" "$(cat /tmp/stderr)" "${disk}p1.*/mnt|/mnt.*${disk}p1"
is "it stays where it was" "$(basename "$(readlink "/sys/bus/pci/devices/$bdf/driver")")" nvme
umount /mnt
check "bind --dry-run" tool bind --dry-run "$bdf"
is "does nothing" "$(basename "$(readlink "/sys/bus/pci/devices/$bdf/driver")")" nvme
check "bind" tool bind "$bdf"
is "the driver is ours" "$(basename "$(readlink "/sys/bus/pci/devices/$bdf/driver")")" sluice_nvme
is "binding again is nothing to do" "$(status_of tool bind "$bdf")" 0
is "there is no such drive" "$(status_of tool bind 0000:77:00.0)" 3
disk=$(drive_disk main)

check "create" tool create "$bdf" --name web --size 100M
check "the slice is there at once" slice_dir "$(json show .slice.uuid web)"
is "its size" "$(slice_attr "$(json show .slice.uuid web)" size_bytes)" $((100 * mib))
is "the name is taken" "$(status_of tool create "$bdf" --name web --size 10M)" 5
mine=$(new_uuid)
check "create with a UUID, for the pool" tool create "$bdf" --name spare --size 64M --uuid "$mine" --pool
is "it has both" "$(slice_attr "$mine" name) $(slice_attr "$mine" pool)" "spare 1"
is "too large" "$(status_of tool create "$bdf" --name big --size 2G)" 5
is "list knows two slices" "$(json list '[.parents[].disks[].slices[]] | length')" 2
mount -t ext4 "/dev/${disk}p1" /mnt
check "the host's partition mounts meanwhile" mountpoint -q /mnt

check "attach" tool attach web --queues 2
web=$(json show .slice.uuid web)
check "the mdev is there" test -e "/sys/bus/mdev/devices/$web"
is "attaching again is nothing to do" "$(status_of tool attach web)" 0
is "a slice of no such name" "$(status_of tool attach nobody)" 3
is "destroying it is refused" "$(status_of tool destroy web)" 4
check "a slice more while one is attached and a partition mounted" \
	tool create "$bdf" --name late --size 10M
is "unbinding is refused" "$(status_of tool unbind "$bdf")" 4
umount /mnt
is "unbinding is still refused" "$(status_of tool unbind "$bdf")" 4

l2_start one "$web"
check "a guest is up with it" l2_up one
is "of the slice's size" "$(l2_run one 'echo $(($(cat /sys/block/nvme0n1/size) / 2048))')" 100
check "the slice came zeroed" l2_run one 'cmp -n 104857600 /dev/nvme0n1 /dev/zero'
is "detaching is refused while it runs" "$(status_of tool detach web)" 4
check "it writes" l2_run one 'mkfs.ext4 -q -F /dev/nvme0n1'
l2_stop one
check "detach" tool detach web
is "detaching again is nothing to do" "$(status_of tool detach web)" 0
start=$(slice_attr "$web" start_bytes)
refuse "the slice holds data" l0 zero main "$start" $((100 * mib))
is "too few arguments" "$(status_of tool destroy)" 2
check "destroy --wipe" tool destroy --wipe web
check "its data is gone" l0 zero main "$start" $((100 * mib))
refuse "and so is the slice" slice_dir "$web"
check "destroy the pool's" tool destroy spare
check "destroy the late one" tool destroy late
is "no slice is left" "$(json list '[.parents[].disks[].slices[]] | length')" 0
check "unbind" tool unbind "$bdf"
is "the stock driver has it again" "$(basename "$(readlink "/sys/bus/pci/devices/$bdf/driver")")" nvme
wait_for 10 drive_disk main >/dev/null
wait_for 10 test -b "/dev/$(drive_disk main)p1"
check "the host's file system is as it was" fsck.ext4 -fn "/dev/$(drive_disk main)p1"
