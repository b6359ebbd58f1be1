#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# A drive with several namespaces: each is a disk of the host and may have
# slices, except one with metadata and one of another command set, which are
# skipped; the log says why. What a second controller can format is not used.
# And the drive reports that it is not well.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

tool() { /out/bin/sluicectl "$@"; }
a=$(new_uuid)
b=$(new_uuid)
# The property that QEMU reports is that the temperature is beyond a threshold
heat() { l0 monitor qom-set /machine/peripheral/drive-fail smart_critical_warning "$1"; }
twin_in() { l0 monitor device_add nvme,id=twin,serial=hang,subsys=subsys-hang,bus=rp-twin,max_ioqpairs=2,msix_qsize=3; }
is_in() { drive_bdf twin >/dev/null; }
is_out() { ! is_in; }
bind_again() { drive_unbind "$(drive_bdf hang)" && drive_to hang sluice_nvme; }
sharing() { echo "$1" >/sys/module/sluice_nvme/parameters/shared_namespaces; }
disks() { ls "$(drive_sys hang)/block" 2>/dev/null; }
twin_nvme() { nvme "$1" "/dev/$(ls "$(drive_sys twin)/nvme")" "${@:2}"; }
listens() { grep -q 'KERNEL - the kernel uevent' said; }
said_offline() { grep -q '^SLUICE_OFFLINE=its block size has changed' said; }
heard() { dmesg | grep -q 'sluice_nvme .*the drive reports: its temperature is beyond a threshold'; }
# The host reads the end of the disk, which is not there with fewer blocks
tolerates host ' error, dev sluice'
# The slice that is not attached has a controller for a moment
provokes host 'sluice [0-9a-f-]+: controller fatal status'
plan 40
# QEMU shows a zoned namespace once a driver has asked for all command sets
modprobe nvme
drive_to fail nvme
check "bind the drive" sluice_up fail
first=$(drive_disk fail)
second=${first%1}2
is "the first two are disks" "$(cd "$(drive_sys fail)/block" && echo *)" "$first $second"
is "the second has its own size" "$(cat "/sys/block/$second/size")" $((64 << 11))
like "the log says why the third is not" "$(dmesg)" \
	'sluice_nvme .*namespace 3 skipped: its blocks have metadata'
like "and why the fourth is not" "$(dmesg)" \
	'sluice_nvme .*namespace 4 skipped: it has another command set than NVM'
check "the host fills the first" dd if=/dev/urandom of="/dev/$first" bs=1M count=16 oflag=direct
check "snapshot" l0 snapshot fail
check "a slice on the second" tool create "/dev/$second" --name second --size 16M --uuid "$a"
is "it begins where the drive can discard" "$(slice_attr "$a" start_bytes)" $((2 << 20))
check "attach" slice_attach fail "$a"
l2_start one "$a"
check "a guest is up" l2_up one
is "its disk has the slice's size" "$(l2_run one 'cat /sys/block/nvme0n1/size')" $((16 << 11))
like "it knows how the drive discards" "$(l2_run one 'nvme id-ns /dev/nvme0n1')" 'npdg +: 4095'
check "the guest writes all of it and verifies" l2_run one 'fio --minimal --output=/dev/null --ioengine=libaio --direct=1 --rw=write --bs=64k --iodepth=4 \
	--verify=crc32c --verify_fatal=1 --verify_state_save=0 --filename=/dev/nvme0n1 --name=job'
check "the guest ends" l2_stop one
slice_detach "$a"
check "nothing of the first has changed" l0 same fail
check "bind a drive that may have two controllers" drive_to hang sluice_nvme
shared=$(drive_disk hang)
shared=${shared%1}2
check "a slice on its second namespace" tool create "/dev/$shared" --name shared --size 16M --uuid "$b"
check "a second controller is plugged in" twin_in
check "it is there" wait_for 60 is_in
check "the kernel's own driver has it" drive_to twin nvme
errno_is "the slice cannot be attached" ENODEV slice_attach hang "$b"
is "its disk says why" "$(cat "/sys/block/$shared/offline")" \
	"another controller can format it (see shared_namespaces)"
check "bind the drive again" bind_again
is "no namespace is used" "$(disks)" ""
like "the log says why" "$(dmesg)" \
	'sluice_nvme .*namespace 2 skipped: another controller can format it'
sharing 1
check "bind the drive when that is allowed" bind_again
check "attach" slice_attach hang "$b"
slice_detach "$b"
check "the second controller formats the namespace" twin_nvme format -n 2 -b 4096 --force
udevadm monitor --kernel --property --subsystem-match=block >said 2>&1 &
monitor=$!
check "somebody listens" wait_for 10 listens
errno_is "the slice cannot be attached any more" ENODEV slice_attach hang "$b"
is "its disk says why" "$(cat "/sys/block/$shared/offline")" "its block size has changed"
check "a uevent says so" wait_for 10 said_offline
kill $monitor
like "so does the list" "$(tool list)" "$shared .*offline .*its block size has changed"
check "the namespace is as it was" twin_nvme format -n 2 -b 512 --force
sharing 0
check "the second controller goes" l0 monitor device_del twin
check "it is gone" wait_for 60 is_out
check "the drive gets hot" heat 2
check "the log says so" wait_for 30 heard
check "it cools down" heat 0
