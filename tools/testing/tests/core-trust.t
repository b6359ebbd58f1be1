#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# timeout: 600
#
# What may be given away, and which table is believed: a drive with anything on
# it is given to no guest, a blank one becomes a slice by an entry in its GPT,
# and no guest can write a table that the host reads.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck disable=SC2034 # for lib.sh
SLUICECTL=/out/bin/sluicectl
# shellcheck source=tools/sluicectl/tests/lib.sh
. /t/tools/sluicectl/tests/lib.sh

mib=$((1 << 20))
slices() { find /sys/class/sluice -mindepth 1 -printf '%f\n' 2>/dev/null | sort | paste -sd' '; }

begin 47
check "the modules load" modules_load
check "bind the drive" drive_to main sluice_nvme
disk=$(drive_disk main)
node=/dev/$disk

# holds WHAT WORD COMMAND...: the drive holds what COMMAND makes; WORD is what
# the refusal calls it
holds() {
	local what=$1 word=$2 before
	shift 2

	blkdiscard -f "$node" && dd if=/dev/zero of="$node" bs=1M count=4 conv=fsync status=none
	partprobe "$node"
	"$@" >/dev/null 2>&1 || diag "making $what failed"
	sync
	rescan main
	is "$what: no slice" "$(slices)" ""
	before=$(wipefs --parsable "$node")
	errno_is "and no mdev" ENOENT slice_attach main "$(new_uuid)"
	gives "sluicectl does not give it away" "$holds_status" "$word" attach "$disk"
	is "and leaves it as it is" "$(wipefs --parsable "$node")" "$before"
	wipefs -qa "$node" >/dev/null
}
mbr() { echo 'size=10M, type=83' | sfdisk -q --label dos "$node"; }
gpt() { echo 'size=10M, name=host' | sfdisk -q --label gpt "$node"; }
emptygpt() { echo 'label: gpt' | sfdisk -q "$node"; }
raid() { mdadm --create /dev/md9 --run --metadata=1.0 --level=1 --force --raid-devices=1 "$node"; mdadm --stop /dev/md9; }
holds_status=3
holds "an MBR with a partition" "$disk is a disk, not a slice" mbr
holds "a GPT with partitions of the host" "$disk is a disk, not a slice" gpt
holds_status=5
holds "a GPT without partitions" "has a partition table" emptygpt
holds "a file system" "there is ext4 on it" mkfs.ext4 -qF "$node"
holds "btrfs, which leaves the first blocks alone" "there is btrfs on it" mkfs.btrfs -qf "$node"
holds "a physical volume of LVM" "there is LVM2_member on it" pvcreate -qff -y "$node"
holds "a member of a RAID, with its metadata at the end" "there is linux_raid_member on it" raid

# All of a blank namespace
rescan main
is "blank: no slice yet" "$(slices)" ""
gives "attach, dry run" 0 "would make a GPT on $node, which is blank" attach "$disk" --dry-run
is "it was dry" "$(slices)$(wipefs --parsable "$node")" ""
gives "attach" 0 "attached slice ${disk}p1 " attach "$disk"
u=$(cat "/sys/class/sluice/${disk}p1/uuid")
is "nearly all of it" "$(slice_attr "$u" size_bytes)" $((1022 * mib))
gives "and it stays a slice" 0 "detached" detach "$u"
rmmod sluice_nvme
check "also for a driver that starts anew" modules_load
check "bind" drive_to main sluice_nvme
disk=$(drive_disk main)
check "attach the slice that it was" slice_attach main "$u"

# Its guest writes a table, with another tenant's UUID, wherever it can
victim=$(new_uuid)
check "a guest" l2_start g "$u"
check "is up" l2_up g
check "it writes a GPT, and copies of it to both ends" l2_run g "
	printf 'label: gpt\nstart=2048, size=20480, type=$SLICE_TYPE, uuid=$victim, name=victim\n' |
		sfdisk -q /dev/nvme0n1 && sync && sfdisk -d /dev/nvme0n1 | grep -qi $victim"
l2_stop g
slice_detach "$u"
rescan main
refuse "its table is not read" slice_dir "$victim"
gives "nor after a create" 5 "no free" create "$disk" --name other --size 10M
errno_is "and its UUID is nobody's" ENOENT slice_attach main "$victim"
drive_to main nvme
drive_to main sluice_nvme
refuse "nor after the drive was unbound and bound" slice_dir "$victim"
is "its own slice is there" "$(slice_attr "$u" state)" free
