#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# The steps of "Use it" in README.md from binding a drive to returning it, without
# the guest: each command works as README.md has it, and does what README.md says.
# Only the drive's address, the disk's name and the UUID are this machine's, and
# sizes are in MiB, not in GiB.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

PATH=/out/bin:$PATH
readme=/t/README.md
bdf=$(drive_bdf main)
# What README.md calls the drive's disk, until bind says its name
disk=sluice0n1

# commands STEP: the commands of a step, each on one line, as they are for this drive
commands() {
	sed -n '/^## Use it/,/^## /p' "$readme" |
		sed -n "/^# $1 /,/^# $(($1 + 1)) /p" |
		sed -e '/^```/,$d' -e '/^#/d' -e ':more' -e '/\\$/{N;s/\\\n *//;b more' -e '}' |
		sed -E -e "s/0000:01:00\.0/$bdf/g" -e "s/\bsluice0n1/$disk/g" \
			-e 's/\b([0-9]+)G\b/\1M/g'
}

# step NUMBER: run its commands, until one fails; fills said with what they print
step() {
	local command lines

	said=''
	mapfile -t lines < <(commands "$1")
	for command in "${lines[@]}"; do
		check "step $1: $command" bash -o pipefail -c "$command" || return
		said+=$(cat "$TAP_FILE")$'\n'
	done
}

first_page() { head -c 4096 "$1" | sha256sum; }

plan 31
modprobe nvme
check "a drive that was used before" drive_to main nvme
wait_for 10 drive_disk main >/dev/null
mkfs.ext4 -qF "/dev/$(drive_disk main)"
check "the modules" modules_load

step 4
is "the drive is Sluice's" "$(drive_driver main)" sluice_nvme
like "bind prints the disk" "$said" "/dev/$(drive_disk main)\$"
disk=$(drive_disk main)
refuse "without step 5 no slice can be made" bash -c "$(commands 6)"
step 5
step 6
list=$(sluicectl list)
like "the slice is there" "$list" "${disk}p1 +vm1 +100 MiB +free"
like "the rest is free" "$list" '\(free\) +92[0-9] MiB'
step 7
like "sfdisk prints the name of the partition" "$said" "/dev/${disk}p2: Created a new partition"
is "it is mounted on /mnt" "$(findmnt -no SOURCE,FSTYPE /mnt | xargs)" "/dev/${disk}p2 ext4"
is "its size" "$(lsblk -bno SIZE "/dev/${disk}p2")" $((50 << 20))
check "it can be written to" cp "$readme" /mnt/
step 8
uuid=$(sed -n 's|^mdev: /sys/bus/mdev/devices/||p' <<<"$said")
like "attach prints a UUID" "$uuid" '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
is "it is of a device with two queue pairs" \
	"$(basename "$(readlink "/sys/bus/mdev/devices/$uuid/mdev_type")")" sluice_nvme-q2
is "attach prints the argument for QEMU that step 9 has" \
	"$(sed -n 's/^qemu: //p' <<<"$said")" \
	"$(commands 9 | grep -o -- '-device vfio-pci.*' | sed "s/UUID/$uuid/")"
check "a program has the device and writes to it" \
	/out/bin/vfio/nvme_data --path group --case fua "$uuid"
step 10
like "the list has the slice, attached" "$said" 'vm1 +100 MiB +attached'
like "and the host's partition" "$said" "${disk}p2 +50 MiB +host"
step 11
check "the slice keeps its data" test "$(first_page "/dev/${disk}p1")" != "$(first_page /dev/zero)"
page=$(first_page "/dev/${disk}p1")
step 12
is "the drive has its ordinary driver" "$(drive_driver main)" nvme
wait_for 10 drive_disk main >/dev/null
disk=$(drive_disk main)
wait_for 10 test -b "/dev/${disk}p1"
is "the slice stays on the drive" "$(first_page "/dev/${disk}p1")" "$page"
