#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# A guest boots from its slice by UEFI: the firmware's NVMe driver, which polls,
# reads and writes a file system in the slice and loads a kernel from it. Then
# the kernel's driver takes the controller over. Then the guest restarts.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid)
piece=/tmp/piece

# The slice's file system covers the whole disk.
make_disk() {
	head -c 3000000 /dev/urandom >$piece
	printf 'fs0:\r\ncp -q in.bin out.bin\r\nlinux.efi initrd=%s %s\r\n' \
		'\initrd' "$L2_CMDLINE" >/tmp/startup.nsh
	mformat -i "$part" -F -T $((128 << 11)) -h 64 -s 32 :: &&
		mcopy -i "$part" $piece ::in.bin &&
		mcopy -i "$part" /l2/vmlinuz ::linux.efi &&
		mcopy -i "$part" /l2/initrd ::initrd &&
		mcopy -i "$part" /tmp/startup.nsh ::startup.nsh &&
		sync "$part"
}

# The firmware wrote what it had read
firmware_wrote() { mcopy -i "$part" ::out.bin - | cmp - $piece; }

plan 12
check "bind the drive" sluice_up main
check "a slice" table_write main "size=128MiB, type=slice, uuid=$a, name=uefi" \
	"size=32MiB, type=L, name=host"
part=/dev/$(basename "$(slice_dir "$a")")
check "the host puts a file system into it" make_disk
start=$(slice_attr "$a" start_bytes)
check "snapshot" l0 snapshot main
smallest=$(basename -a "$(drive_sys main)"/mdev_supported_types/sluice_nvme-q* | sort -V | head -n 1)
check "attach with the smallest type" eval "echo $a >$(drive_sys main)/mdev_supported_types/$smallest/create"
l2_start uefi mem=512 reboot bios=/usr/share/ovmf/OVMF.fd "$a"
check "a guest's kernel boots from the slice" l2_up uefi
is "which is the size that it should be" \
	"$(l2_run uefi 'cat /sys/block/nvme0n1/size')" $((128 << 11))
l2_send uefi 'reboot -f'
check "the guest restarts by its firmware" l2_up uefi 2
check "and ends" l2_stop uefi
check "detach" slice_detach "$a"
check "the firmware wrote what it had read" firmware_wrote
check "and nothing else of the drive changed" l0 same main "$start" $((128 << 20))
