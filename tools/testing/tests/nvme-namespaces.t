#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# A drive with several namespaces: each is a disk of the host and may have
# slices, except one with metadata and one of another command set, which are
# skipped; the log says why. And the drive reports that it is not well.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid)
# The property that QEMU reports is that the temperature is beyond a threshold
heat() { l0 monitor qom-set /machine/peripheral/drive-fail smart_critical_warning "$1"; }
heard() { dmesg | grep -q 'sluice_nvme .*the drive reports: its temperature is beyond a threshold'; }
plan 18
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
sfdisk -q "/dev/$second" <<-END
	label: gpt
	start=8MiB, size=16MiB, type=$SLICE_TYPE, uuid=$a, name=second
END
check "a slice on the second" rescan fail
is "it is there" "$(slice_attr "$a" start_bytes)" $((8 << 20))
check "attach" slice_attach fail "$a"
l2_start one "$a"
check "a guest is up" l2_up one
is "its disk has the slice's size" "$(l2_run one 'cat /sys/block/nvme0n1/size')" $((16 << 11))
check "the guest writes all of it and verifies" l2_run one 'fio --minimal --output=/dev/null --ioengine=libaio --direct=1 --rw=write --bs=64k --iodepth=4 \
	--verify=crc32c --verify_fatal=1 --verify_state_save=0 --filename=/dev/nvme0n1 --name=job'
check "the guest ends" l2_stop one
slice_detach "$a"
check "nothing of the first has changed" l0 same fail
check "the drive gets hot" heat 2
check "the log says so" wait_for 30 heard
check "it cools down" heat 0
