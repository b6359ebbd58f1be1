#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# timeout: 600
#
# sluicectl doctor, bind and unbind: bind refuses a drive in use and names the
# use, a free drive can be bound and unbound, and failed steps are undone.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck disable=SC2034 # for lib.sh
SLUICECTL=/out/bin/sluicectl
# shellcheck source=tools/sluicectl/tests/lib.sh
. /t/tools/sluicectl/tests/lib.sh

bdf=$(drive_bdf main) sys=$(drive_sys main)
driver() { basename "$(readlink "$sys/driver")"; }
# The name of nvme's disk, once the disk exists
nvme_disk() { drive_disk main 2>/dev/null; }

begin 54
modprobe nvme
check "the drive has its ordinary driver" drive_to main nvme
wait_for 10 nvme_disk >/dev/null
disk=$(nvme_disk)
printf 'label: gpt\nsize=64MiB, type=L\nsize=64MiB, type=L\n' | sfdisk -q "/dev/$disk"
wait_for 10 test -b "/dev/${disk}p2"

# Missing modules
run doctor --json
is "doctor: not fit without the modules" "$status $(json .fit)" "1 false"
like "doctor: it says which" "$(finding "module sluice_nvme")" "^FAIL not installed"
gives "bind: no module" 5 "the module sluice_nvme is not installed" bind "$bdf"
is "the drive stays where it is" "$(driver)" nvme
modules=/lib/modules/$(uname -r)/extra
mkdir -p "$modules" before
cp -a "${modules%/*}"/modules.* before/
cp /out/mods/*.ko "$modules/"
check "install the modules" depmod -a

run doctor --json
is "doctor: fit with them" "$status $(json .fit) $(json .failures)" "0 true 0"
like "doctor: the IOMMU" "$(finding IOMMU)" "^OK .* groups"
like "doctor: interrupt remapping" "$(finding "interrupt remapping")" "^OK on"
like "doctor: the kernel's configuration" "$(finding "kernel configuration")" "^OK all"
like "doctor: our module" "$(finding "module sluice_nvme")" "^OK installed"
like "doctor: the drive" "$(finding "drive $bdf")" "^OK driver nvme, not in use"
is "doctor: what to do with it" \
	"$(json ".findings[] | select(.check == \"drive $bdf\") | .advice")" "sluicectl bind $bdf"
gives "doctor as a table" 0 "^OK +drive $bdf +driver nvme, not in use" doctor

# A drive in use
mkfs.ext4 -q "/dev/${disk}p1"
mkdir -p /mnt
mount -t ext4 "/dev/${disk}p1" /mnt
echo hello >/mnt/file
gives "bind: a mounted partition" 4 "^ +${disk}p1 is mounted on /mnt$" bind "$bdf"
gives "... also as a dry run" 4 "${disk}p1 is mounted on /mnt" bind "$bdf" --dry-run
run doctor --json
like "doctor names it too" "$(finding "drive $bdf")" "^WARN driver nvme; ${disk}p1 is mounted on /mnt"
umount /mnt
mkswap -q "/dev/${disk}p2"
swapon "/dev/${disk}p2"
gives "bind: swap" 4 "${disk}p2 is in use as swap" bind "$bdf"
swapoff "/dev/${disk}p2"
mkfifo hold mounted
unshare --mount --propagation private bash -c "mount -t ext4 /dev/${disk}p1 /mnt; echo >mounted; read -r <hold" &
read -r _ <mounted
gives "bind: mounted where we cannot see it" 4 "${disk}p1 is claimed by the kernel or a program" \
	bind "$bdf"
echo >hold
wait
is "the drive is where it was" "$(driver) $(cat "$sys/driver_override")" "nvme nvme"
check "and works" mount -t ext4 "/dev/${disk}p1" /mnt
umount /mnt
# The namespace with the mount ends shortly after its last program
wait_for 10 /out/bin/sluicectl bind "$bdf" --dry-run >/dev/null 2>&1

# Bind and unbind
gives "bind, dry run" 0 "would unbind $bdf from nvme" bind "$bdf" --dry-run
like "it would load the module" "$out" "would load the module sluice_nvme"
refuse "it did not" have_module sluice_nvme
gives "bind" 0 "$bdf \(QEMU NVMe Ctrl\) is bound to sluice_nvme, before to nvme: /dev/sluice" \
	bind "$bdf"
is "it is" "$(driver) $(cat "$sys/driver_override")" "sluice_nvme sluice_nvme"
check "the module was loaded" have_module sluice_nvme
is "the other drives are not touched" \
	"$(basename "$(readlink "$(drive_sys k4)/driver")")" nvme
gives "bind once more" 0 "$bdf \(QEMU NVMe Ctrl\) is bound to sluice_nvme already: /dev/sluice" bind "$bdf"
disk=$(drive_disk main)
wait_for 10 test -b "/dev/${disk}p1"
check "its partitions are there" mount -t ext4 "/dev/${disk}p1" /mnt
is "with what was in them" "$(cat /mnt/file)" hello
gives "unbind: a mounted partition" 4 "${disk}p1 is mounted on /mnt" unbind "$bdf"
is "it stays" "$(driver)" sluice_nvme
umount /mnt
run doctor --json
like "doctor: a bound drive" "$(finding "drive $bdf")" "^OK bound to sluice_nvme, 0 slices, 0 attached"
gives "unbind, dry run" 0 "would unbind $bdf from sluice_nvme" unbind "$bdf" --dry-run
is "it stays" "$(driver)" sluice_nvme
gives "unbind" 0 "$bdf is given back to nvme" unbind "$bdf"
is "it is" "$(driver) $(cat "$sys/driver_override")" "nvme (null)"
gives "unbind once more" 0 "not bound to sluice_nvme but to nvme: there is nothing to do" unbind "$bdf"
run bind "$bdf" --json
is "bind, JSON" "$status $(json '.version, .parent.address, .parent.model, .changed' | tr '\n' ' ')" \
	"0 1 $bdf QEMU NVMe Ctrl true "
run unbind "$bdf" --json
is "unbind, JSON" "$status $(json '.address, .driver' | tr '\n' ' ')" "0 $bdf nvme "

# Bind a drive without a driver
drive_unbind "$bdf"
gives "bind a drive without a driver" 0 "is bound to sluice_nvme: /dev/sluice" bind "$bdf"
modprobe -qr nvme || { release_drives; drive_to main sluice_nvme; modprobe -r nvme; }
gives "unbind loads the ordinary driver" 0 "is given back to nvme" unbind "$bdf"

# A drive that was given to vfio-pci
check "load vfio-pci" modprobe vfio-pci
check "it has the drive, by an override" drive_to main vfio-pci
gives "bind: it may be a stopped machine's" 5 "$bdf is kept for a guest: its driver is vfio-pci" bind "$bdf"
is "it stays" "$(driver) $(cat "$sys/driver_override")" "vfio-pci vfio-pci"
run doctor --json
like "doctor says so too" "$(finding "drive $bdf")" "^WARN driver vfio-pci, not in use now"
exec 8<>"/dev/vfio/$(basename "$(readlink "$sys/iommu_group")")"
gives "bind --force: a program has it" 4 "bash \(pid $$\)|in use" bind "$bdf" --force
exec 8<&-
gives "bind --force" 0 "is bound to sluice_nvme, before to vfio-pci" bind "$bdf" --force
gives "unbind" 0 "is given back to nvme" unbind "$bdf"
gives "a device that is no drive" 5 "0000:00:00.0 is not an NVMe drive" bind 0000:00:00.0
unprivileged() { setpriv --reuid 65534 --regid 65534 --clear-groups /out/bin/sluicectl "$@"; }
errno_is "bind without privilege" "run it as root" unprivileged bind "$bdf"
is "nothing happened" "$(driver)" nvme
# What depmod would make again takes it minutes here
rm -rf "$modules"
cp -a before/modules.* "${modules%/*}/"
