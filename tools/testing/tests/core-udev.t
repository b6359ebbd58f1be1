#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# timeout: 900
#
# With udevd, LVM, mdadm, btrfs, udisks and multipathd: the disk of a bound drive has
# the links that the disk of the kernel's own driver has, and what the host keeps on
# its partitions is activated and offered; what a guest may have written is not
# looked at.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck disable=SC2034 # for lib.sh
SLUICECTL=/out/bin/sluicectl
# shellcheck source=tools/sluicectl/tests/lib.sh
. /t/tools/sluicectl/tests/lib.sh

host=11111111-2222-4333-8444-000000000001	# the host's ext4
guest=11111111-2222-4333-8444-000000000005	# the one of a guest

udev_up() {
	mkdir -p /run/udev/rules.d
	cp /t/tools/udev/*.rules /run/udev/rules.d/
	# It would load drivers for all of the machine, and leave them behind
	ln -s /dev/null /run/udev/rules.d/80-drivers.rules
	/lib/systemd/systemd-udevd --daemon && udevadm trigger --action=add && settle
}

udev_down() {
	kill "$(pidof systemd-udevd)"
	wait_for 30 no_udevd
	rm -rf /run/udev /run/lvm /run/mdadm /dev/disk /dev/sluice /dev/md
}
no_udevd() { ! pidof systemd-udevd >/dev/null; }
settle() { udevadm settle --timeout=120; }

udisks_up() {
	mkdir -p /run/dbus && dbus-uuidgen --ensure=/etc/machine-id &&
		dbus-daemon --system || return
	/usr/libexec/udisks2/udisksd --no-debug >/dev/null 2>&1 &
	wait_for 60 udisksctl status
}
udisks_down() {
	kill "$(pidof udisksd)" "$(pidof dbus-daemon)"
	wait_for 30 no_udisks
	rm -rf /run/dbus /run/udisks2
}
no_udisks() { ! pidof udisksd dbus-daemon >/dev/null; }

# The numbers of the partitions that udisks offers
offered() {
	local n

	for n in 1 2 3 4 5 6 7 8 9; do
		! udisksctl info -b "/dev/$1p$n" 2>/dev/null |
			grep -q 'HintIgnore: *false' || echo "$n"
	done | xargs
}

# It takes a disk also if there is but one path to it
multipath_up() {
	printf 'defaults {\n\tfind_multipaths greedy\n}\n' >/etc/multipath.conf
	modprobe dm_multipath && multipathd && wait_for 60 multipathd show status
}
multipath_down() {
	multipathd shutdown >/dev/null
	wait_for 30 no_multipathd
	multipath -F
	rm -rf /etc/multipath.conf /etc/multipath /run/multipathd*
}
no_multipathd() { ! pidof multipathd >/dev/null; }
# The disks, or partitions, that are paths
paths() {
	local dm

	for dm in /sys/block/dm-*; do
		[[ $(cat "$dm/dm/uuid" 2>/dev/null) != mpath-* ]] || ls "$dm/slaves"
	done | xargs
}
is_path() { [[ " $(paths) " = *" $1 "* ]]; }

nvme_disk() { drive_disk main 2>/dev/null; }
property() { udevadm info -q property -n "/dev/$1" | sed -nE "s/^$2=//p"; }

# links DISK: those of the disk and of its partitions, one per line. The name of
# the disk and its sequence number may differ.
links() {
	local node

	for node in /dev/"$1" /dev/"$1"p*; do
		udevadm info -q symlink -n "$node" | tr ' ' '\n' |
			sed -E "s,^,${node#/dev/"$1"} ,; s,/$1,/DISK,; s,by-diskseq/[0-9]+,by-diskseq/N,"
	done | sort
}

# columns DISK COLUMN,...: of lsblk, for the disk and its partitions
columns=MODEL,SERIAL,WWN,FSTYPE,UUID,LABEL,PARTUUID,PARTLABEL
columns() { lsblk -dno "$2" "/dev/$1" "/dev/$1"p*; }

# What is activated: volume groups, and the partitions in a RAID
active() {
	{
		dmsetup ls | grep -oE '^(host|guest)vg'
		grep -oE 'p[0-9]+\[0\]' /proc/mdstat
	} | sort | xargs
}

deactivate() {
	local md

	vgchange -q -an hostvg guestvg >/dev/null
	for md in /sys/block/md*; do
		[ ! -e "$md/dev" ] || mdadm -q --stop "/dev/${md##*/}"
	done
	settle
}

# fill DISK NAME NUMBER UUID: make a file system, a volume group, a RAID and a
# btrfs on four partitions, from this one on
fill() {
	local p=/dev/$1p n=$3

	mkfs.ext4 -q -F -L "$2-ext4" -U "$4" "$p$n" &&
		vgcreate -q "$2vg" "$p$((n + 1))" && lvcreate -q -n lv -l 1 "$2vg" &&
		mdadm -q --create "/dev/md1$n" --run --level=1 --force \
			--raid-devices=1 "$p$((n + 2))" &&
		mkfs.btrfs -q -L "$2-btrfs" "$p$((n + 3))"
}

make_partitions() {
	sed "s/type=slice/type=$SLICE_TYPE/" <<-'END' | sfdisk -q "/dev/$1" || return
		label: gpt
		size=32MiB, name="for the host"
		size=32MiB
		size=32MiB
		size=128MiB, name=data
		size=32MiB, type=slice, name=vm1
		size=32MiB, type=slice, name=vm2
		size=32MiB, type=slice, name=vm3
		size=128MiB, type=slice, name=vm4
		size=32MiB, type=slice, name=vm5
	END
	settle
}

# A table in a slice, and a file system on the partition in there
nest() {
	printf 'label: gpt\nstart=1MiB, size=16MiB\n' |
		sfdisk -q --no-reread --no-tell-kernel "/dev/$1" &&
		mkfs.ext4 -q -F -U "$guest" -E offset=1048576 "/dev/$1" 16M
}

# What udevd knows of the contents of slices, and whether it has marked each
contents() {
	local n

	for n in 5 6 7 8 9; do
		udevadm info -q property -n "/dev/$1p$n" | grep -E '^ID_(FS|BTRFS)_'
	done
}
marks() {
	local n

	for n in 5 6 7 8 9; do
		echo "$(property "$1p$n" SYSTEMD_READY) $(property "$1p$n" UDISKS_IGNORE)" \
			"$(property "$1p$n" DM_UDEV_DISABLE_OTHER_RULES_FLAG)"
	done | uniq
}

# Whatever happens, the next test finds no udevd
tap_end_udev() {
	local status=$?

	if [ "$BASHPID" = "$TAP_SHELL" ]; then
		cp fstab /etc/fstab
		umount -q /mnt
		no_multipathd || multipath_down
		no_udisks || udisks_down
		deactivate
		udev_down
	fi
	return "$status"
}

begin 46
trap 'tap_end_udev; tap_end_scratch; tap_end' EXIT
cp /etc/fstab fstab
modprobe -a nvme dm_mod btrfs raid1
check "udevd" udev_up
check "udisks" udisks_up
check "the drive has its ordinary driver" drive_to main nvme
wait_for 10 nvme_disk >/dev/null
nvme=$(nvme_disk)
check "partitions" make_partitions "$nvme"
check "what the host keeps" fill "$nvme" host 1 "$host"
check "what guests write" fill "$nvme" guest 5 "$guest"
check "a table in a slice" nest "${nvme}p9"
deactivate
is "nothing is active" "$(active)" ""

# The kernel's own driver: slices are guarded there, too
drive_to main nvme
wait_for 10 nvme_disk >/dev/null
nvme=$(nvme_disk)
settle
links "$nvme" >stock
columns "$nvme" "$columns" >stock.columns
is "the host's are activated, those of guests are not" "$(active)" "hostvg p3[0]"
is "nobody has looked into slices" "$(contents "$nvme")" ""
is "udisks offers the host's, and no slices" "$(offered "$nvme")" "1 2 3 4"
is "and they are marked" "$(marks "$nvme")" "0 1 1"
deactivate

# Sluice
check "bind" sluice_up main
settle
disk=$(drive_disk main)
links "$disk" >ours
columns "$disk" "$columns" >ours.columns
is "the host's are activated, those of guests are not" "$(active)" "hostvg p3[0]"
is "nobody has looked into slices" "$(contents "$disk")" ""
is "udisks offers the host's, and no slices" "$(offered "$disk")" "1 2 3 4"
is "and they are marked" "$(marks "$disk")" "0 1 1"
is "there are links" "$(grep -c . stock)" "$(grep -c ^ stock)"
is "none is missing" "$(comm -23 stock ours)" ""
is "none is new, but those that newer versions of systemd make" \
	"$(comm -13 stock ours | grep -vE 'by-path/[^/]*-part/|by-diskseq/N-part')" ""
check "lsblk shows the same" diff stock.columns ours.columns
is "and the revision" "$(lsblk -dno REV "/dev/$disk" | xargs)" "$(cat "$(drive_sys main)/sluice/firmware_rev")"
is "a link leads to the host's file system" "$(readlink -f "/dev/disk/by-uuid/$host")" "/dev/${disk}p1"
refuse "and none to a guest's" test -e "/dev/disk/by-uuid/$guest"
echo "UUID=$host /mnt ext4 defaults 0 0" >>/etc/fstab
mkdir -p /mnt
check "an entry in fstab works" mount /mnt
is "with the right partition" "$(findmnt -no SOURCE /mnt)" "/dev/${disk}p1"
umount /mnt
cp fstab /etc/fstab

# udevd may be younger than the drive
rm "/run/udev/data/+pci:$(drive_bdf main)"
udevadm trigger --settle --action=add "/dev/$disk"
is "no link is missing when udev does not know the drive" "$(comm -23 stock <(links "$disk"))" ""

# One that wants every disk that nobody uses. It sees ours before the other.
deactivate
check "multipathd" multipath_up
drive_to k4 nvme
wait_for 10 drive_disk k4 >/dev/null
settle
check "it takes a disk of the kernel's own driver" wait_for 60 is_path "$(drive_disk k4)"
is "and nothing of ours" "$(paths | grep -o 'sluice[^ ]*')" ""
multipath_down
drive_unbind "$(drive_bdf k4)"

# By hand
filter='devices { global_filter = [ "r|^/dev/sluice/|" ] }'
is "LVM sees all" "$(vgs --noheadings -o vg_name | sort | xargs)" "guestvg hostvg"
is "with the filter not those of guests" \
	"$(vgs --noheadings -o vg_name --config "$filter" | xargs)" hostvg
vgchange -q -ay guestvg >/dev/null
gives "attach names a volume that somebody activated" 4 "${disk}p6 is held by LVM volume guestvg-lv" \
	attach vm2
mdadm -q --assemble /dev/md9 "/dev/${disk}p7"
gives "and a RAID" 4 "${disk}p7 is held by md9" attach vm3
deactivate
gives "without them it attaches" 0 "attached slice 'vm2'" attach vm2
check "its type is changed meanwhile" sfdisk -q --no-reread --no-tell-kernel --part-type "/dev/$disk" 6 L
check "which makes udevd look again" udevadm trigger --settle --action=add "/dev/${disk}p6"
is "it finds nothing" "$(contents "$disk")$(active | grep -o guestvg)" ""
sfdisk -q --no-reread --no-tell-kernel --part-type "/dev/$disk" 6 "$SLICE_TYPE"
gives "detach" 0 . detach vm2

# A new slice with old contents, of which Sluice does not know yet
start=$(cat "/sys/block/$disk/${disk}p6/start")
sfdisk -q --delete "/dev/$disk" 5 6 7 8 9
rescan main
settle
deactivate
echo "start=$start, size=32MiB, type=$SLICE_TYPE" | sfdisk -q --append "/dev/$disk"
settle
refuse "there is no such slice yet" test -e "/sys/class/sluice/${disk}p5"
is "but there is the partition" "$(cat "/sys/block/$disk/${disk}p5/start")" "$start"
is "and what it contains is not activated" "$(active | grep -o guestvg)" ""
deactivate
sfdisk -q --part-type "/dev/$disk" 5 L
settle
is "unless it becomes the host's" "$(active | grep -o guestvg)" guestvg
deactivate

# A slice may begin before the place where btrfs has its superblock
dd if="/dev/${disk}p4" of="/dev/$disk" bs=4k skip=16 seek=16 count=1 conv=notrunc,fsync status=none
settle
like "a superblock in a slice looks like the disk's" "$(blkid -p "/dev/$disk")" ' TYPE="btrfs"'
is "udev does not take it for that" "$(property "$disk" ID_FS_TYPE)" ""

is "udevd has nothing to say about the rules" "$(dmesg | grep 59-sluice)" ""
