#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# A guest boots from its slice by firmware: SeaBIOS drives the virtual
# controller by polling, and a boot sector reads and writes by INT 13h.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid)
sector=512 read_sectors=512 piece=$((64 * 512))
image=/tmp/image console=/tmp/console

# A boot sector, the sectors that it reads, and room for those that it writes
make_image() {
	l0 boot_sector && {
		cat /out/bin/boot.bin
		head -c $((read_sectors * sector)) /dev/urandom
		head -c $piece /dev/zero
	} >$image
}

# Add up the 32-bit words behind the boot sector
sum_of() {
	tail -c +$((sector + 1)) "$1" | head -c $((read_sectors * sector)) |
		od -An -v -w4 -tu4 | awk '{ n = (n + $1) % 4294967296 } END { printf "%08x", n }'
}

boot() {
	timeout 120 qemu-system-x86_64 -M q35 -accel kvm -cpu host -m 64 \
		-nodefaults -no-user-config -display none -no-reboot \
		-boot menu=off,strict=on -serial "file:$console" \
		-device pcie-root-port,id=rp,chassis=1 \
		-device "vfio-pci,bus=rp,bootindex=1,sysfsdev=/sys/bus/mdev/devices/$a" \
		</dev/null
}

plan 11
check "bind the drive" sluice_up main
check "a slice" table_write main "size=32MiB, type=slice, uuid=$a, name=boot" \
	"size=32MiB, type=L, name=host"
part=/dev/$(basename "$(slice_dir "$a")")
check "something to boot" make_image
check "the host puts it into the slice" dd if=$image of="$part" bs=64k oflag=direct conv=fsync,notrunc
start=$(slice_attr "$a" start_bytes)
check "snapshot" l0 snapshot main
check "attach" slice_attach main "$a"
check "a guest boots from it and ends" boot
is "its boot sector read what the host wrote" "$(tr -d '\r' <$console)" "SLUICE-BOOT ok $(sum_of $image)"
check "detach" slice_detach "$a"
at=$((sector + read_sectors * sector))
is "what the guest wrote is what it had read last" \
	"$(dd if="$part" bs=$sector skip=$((at / sector)) count=64 iflag=direct 2>/dev/null | sha256sum)" \
	"$(head -c $at $image | tail -c $piece | sha256sum)"
check "and nothing else of the drive changed" l0 same main $((start + at)) $piece
