#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# Discard, write zeroes, flush, compare, verify, and what the controller says
# of itself, as a stock guest sees it; the effect is looked up on the drive.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

mib=$((1 << 20))
a=$(new_uuid) b=$(new_uuid)
# Optional I/O commands that a controller has: Compare, Dataset Management,
# Write Zeroes and Verify
oncs() { printf '%#x' $(($(sed -n 's/^oncs *: *//p') & 0x8d)); }

plan 34
check "fill the drive" l0 fill main
modprobe nvme
drive_to main nvme
wait_for 10 drive_disk main >/dev/null
has=$(nvme id-ctrl "/dev/$(drive_disk main)" | oncs)
check "bind the drive" sluice_up main
check "two slices" table_write main "start=1MiB, size=32MiB, type=slice, uuid=$a, name=alpha" \
	"size=32MiB, type=slice, uuid=$b, name=beta"
check "attach" slice_attach main "$a"
start=$(slice_attr "$a" start_bytes)
l2_start one "$a"
check "the guest is up" l2_up one
check "snapshot" l0 snapshot main

guest() {
	l2_run one 'b=512; dev=/dev/nvme0n1; '"$1"
}

check "write zeroes" guest '/bin/blkdiscard -z -o $((4 << 20)) -l $((1 << 20)) $dev'
check "makes zeroes there" l0 zero main $((start + 4 * mib)) $mib
check "and nowhere else" l0 same main $((start + 4 * mib)) $mib
check "write zeroes of one block at the end" guest '/bin/blkdiscard -z -o $(((32 << 20) - 512)) -l 512 $dev'
check "makes zeroes there" l0 zero main $((start + 32 * mib - 512)) 512
check "and nowhere else" l0 same main $((start + 4 * mib)) $mib $((start + 32 * mib - 512)) 512
check "discard" guest '/bin/blkdiscard -o $((8 << 20)) -l $((2 << 20)) $dev'
check "changes nothing elsewhere" l0 same main $((start + 4 * mib)) $mib \
	$((start + 8 * mib)) $((2 * mib)) $((start + 32 * mib - 512)) 512
check "discard of several ranges" guest 'nvme dsm $dev -n 1 -d -b 2048,2048,2048 -s 24576,32768,40960'
check "changes nothing elsewhere" l0 same main $((start + 4 * mib)) $mib \
	$((start + 8 * mib)) $((2 * mib)) $((start + 12 * mib)) $mib \
	$((start + 16 * mib)) $mib $((start + 20 * mib)) $mib \
	$((start + 32 * mib - 512)) 512
like "discard beyond the end is refused" \
	"$(guest 'nvme dsm $dev -n 1 -d -b 16 -s 65530 2>&1')" 'LBA Out of Range'
check "discard of the whole slice" guest '/bin/blkdiscard $dev'
check "changes nothing outside it" l0 same main "$start" $((32 * mib))
check "flush" guest 'nvme flush $dev -n 1'
check "a write with forced unit access" guest '
	head -c 4096 /dev/urandom >/tmp/data &&
	nvme write $dev -s 100 -c 7 -z 4096 -d /tmp/data -f'
check "compare of the same bytes" guest 'nvme compare $dev -s 100 -c 7 -z 4096 -d /tmp/data'
like "compare of others fails as specified" \
	"$(guest 'head -c 4096 /dev/zero >/tmp/zero; nvme compare $dev -s 100 -c 7 -z 4096 -d /tmp/zero 2>&1')" \
	'Compare Failure'
is "the guest's controller has the optional commands of the drive" \
	"$(guest 'nvme id-ctrl /dev/nvme0' | oncs)" "$has"
verify=$(guest 'nvme verify $dev -s 100 -b 7 2>&1')
if ((has & 0x80)); then
	like "verify" "$verify" 'Success'
else
	like "verify is refused as the drive does not have it" "$verify" 'Invalid Command Opcode'
fi
check "the write is on the drive" test \
	"$(guest 'sha256sum </tmp/data | cut -d" " -f1')" = \
	"$(dd if="/dev/$(drive_disk main)" bs=512 skip=$((start / 512 + 100)) count=8 iflag=direct 2>/dev/null | sha256sum | cut -d' ' -f1)"

id=$(guest 'nvme id-ctrl /dev/nvme0')
like "id-ctrl: model" "$id" '^mn +: Sluice NVMe slice'
like "id-ctrl: version 1.4" "$id" '^ver +: 0x10400'
like "id-ctrl: one namespace" "$id" '^nn +: 1$'
ns=$(guest 'nvme id-ns $dev -n 1')
like "id-ns: size in blocks" "$ns" '^nsze +: 0x10000$'
like "smart log has the drive's temperature" "$(guest 'nvme smart-log /dev/nvme0')" '^temperature'
like "error log" "$(guest 'nvme error-log /dev/nvme0 2>&1')" 'Error Log Entries|error_count'
like "a firmware update is refused" \
	"$(guest 'head -c 4096 /dev/zero >/tmp/fw; nvme fw-download /dev/nvme0 -f /tmp/fw 2>&1; nvme fw-commit /dev/nvme0 -s 1 -a 1 2>&1')" \
	'[Ii]nvalid|INVALID'
like "and so is formatting" "$(guest 'nvme format $dev -n 1 -f 2>&1')" 'Invalid|INVALID'
l2_stop one
slice_detach "$a"
