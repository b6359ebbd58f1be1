#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# Discard, write zeroes, flush, compare, verify, and what the controller
# reports, all seen by a stock guest; the test checks the effects on the drive.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

drive=${COMMANDS_DRIVE:-main}
block=${COMMANDS_BLOCK:-512}
mib=$((1 << 20))
blocks=$((mib / block)) # blocks of a MiB
a=$(new_uuid) b=$(new_uuid)
# Optional I/O commands of a controller: Compare, Dataset Management, Write
# Zeroes and Verify
oncs() { printf '%#x' $(($(sed -n 's/^oncs *: *//p') & 0x8d)); }
# The fields of the health log that describe the drive, not the slice
health() { grep -E '^(critical_warning|temperature|available_spare|percentage_used|power_on_hours)[[:space:]]'; }

plan 43
check "fill the drive" l0 fill "$drive"
modprobe nvme
drive_to "$drive" nvme
wait_for 10 drive_disk "$drive" >/dev/null
has=$(nvme id-ctrl "/dev/$(drive_disk "$drive")" | oncs)
fit=$(nvme smart-log "/dev/$(drive_disk "$drive")" | health)
check "bind the drive" sluice_up "$drive"
check "two slices" table_write "$drive" "start=1MiB, size=32MiB, type=slice, uuid=$a, name=alpha" \
	"size=32MiB, type=slice, uuid=$b, name=beta"
check "attach" slice_attach "$drive" "$a"
start=$(slice_attr "$a" start_bytes)
l2_start one "$a"
check "the guest is up" l2_up one
check "snapshot" l0 snapshot "$drive"

guest() {
	l2_run one "block=$block blocks=$blocks; dev=/dev/nvme0n1; $1"
}
# Errors in the guest's health log and error log
errors() {
	guest 'nvme smart-log /dev/nvme0' | sed -n 's/^num_err_log_entries[[:space:]]*: *//p'
	guest 'nvme error-log /dev/nvme0' | grep -Ec '^error_count[[:space:]]*: *[1-9]'
}

# Each driver looks for optional things at boot; tools look for more
is "a guest that has booted has no errors" "$(errors)" $'0\n0'
optional=$(guest 'for cns in 0x08 0x1c; do
		nvme admin-passthru /dev/nvme0 -o 6 -l 4096 -r --cdw10=$cns 2>&1
	done
	nvme get-log /dev/nvme0 -i 0x0d -l 512 2>&1
	nvme get-feature /dev/nvme0 -f 0x0c 2>&1
	nvme format $dev -n 1 -f 2>&1')
is "optional things are refused" \
	"$(grep -Eic 'invalid' <<<"$optional")" 5
is "and that is no error" "$(errors)" $'0\n0'
like "a read beyond the end is refused" \
	"$(guest 'nvme read $dev -s $((32 * blocks)) -c 0 -z $block -d /tmp/data 2>&1')" \
	'LBA Out of Range'
is "and that is one" "$(errors)" $'1\n1'

check "write zeroes" guest '/bin/blkdiscard -z -o $((4 << 20)) -l $((1 << 20)) $dev'
check "makes zeroes there" l0 zero "$drive" $((start + 4 * mib)) $mib
check "and nowhere else" l0 same "$drive" $((start + 4 * mib)) $mib
check "write zeroes of one block at the end" guest '/bin/blkdiscard -z -o $(((32 << 20) - block)) -l $block $dev'
check "makes zeroes there" l0 zero "$drive" $((start + 32 * mib - block)) "$block"
check "and nowhere else" l0 same "$drive" $((start + 4 * mib)) $mib $((start + 32 * mib - block)) "$block"
check "discard" guest '/bin/blkdiscard -o $((8 << 20)) -l $((2 << 20)) $dev'
check "changes nothing elsewhere" l0 same "$drive" $((start + 4 * mib)) $mib \
	$((start + 8 * mib)) $((2 * mib)) $((start + 32 * mib - block)) "$block"
check "discard of several ranges" guest 'nvme dsm $dev -n 1 -d -b $blocks,$blocks,$blocks -s $((12 * blocks)),$((16 * blocks)),$((20 * blocks))'
check "changes nothing elsewhere" l0 same "$drive" $((start + 4 * mib)) $mib \
	$((start + 8 * mib)) $((2 * mib)) $((start + 12 * mib)) $mib \
	$((start + 16 * mib)) $mib $((start + 20 * mib)) $mib \
	$((start + 32 * mib - block)) "$block"
like "discard beyond the end is refused" \
	"$(guest 'nvme dsm $dev -n 1 -d -b 16 -s $((32 * blocks - 6)) 2>&1')" 'LBA Out of Range'
check "discard of the whole slice" guest '/bin/blkdiscard $dev'
check "changes nothing outside it" l0 same "$drive" "$start" $((32 * mib))
check "flush" guest 'nvme flush $dev -n 1'
check "a write with forced unit access is accepted" guest '
	head -c 4096 /dev/urandom >/tmp/data &&
	nvme write $dev -s 100 -c $((4096 / block - 1)) -z 4096 -d /tmp/data -f'
check "compare of the same bytes" guest 'nvme compare $dev -s 100 -c $((4096 / block - 1)) -z 4096 -d /tmp/data'
like "compare of others fails as specified" \
	"$(guest 'head -c 4096 /dev/zero >/tmp/zero; nvme compare $dev -s 100 -c $((4096 / block - 1)) -z 4096 -d /tmp/zero 2>&1')" \
	'Compare Failure'
is "the guest's controller has the optional commands of the drive" \
	"$(guest 'nvme id-ctrl /dev/nvme0' | oncs)" "$has"
verify=$(guest 'nvme verify $dev -s 100 -b $((4096 / block - 1)) 2>&1')
if ((has & 0x80)); then
	like "verify" "$verify" 'Success'
else
	like "verify is refused as the drive does not have it" "$verify" 'Invalid Command Opcode'
fi
check "the write is on the drive" test \
	"$(guest 'sha256sum </tmp/data | cut -d" " -f1')" = \
	"$(dd if="/dev/$(drive_disk "$drive")" bs="$block" skip=$((start / block + 100)) count=$((4096 / block)) iflag=direct 2>/dev/null | sha256sum | cut -d' ' -f1)"

id=$(guest 'nvme id-ctrl /dev/nvme0')
like "id-ctrl: model" "$id" '^mn +: Sluice NVMe slice'
like "id-ctrl: version 1.4" "$id" '^ver +: 0x10400'
like "id-ctrl: one namespace" "$id" '^nn +: 1$'
ns=$(guest 'nvme id-ns $dev -n 1')
like "id-ns: size in blocks" "$ns" "^nsze +: $(printf %#x $((32 * blocks)))\$"
smart() { guest 'nvme smart-log /dev/nvme0' | health; }
like "the drive has a temperature" "$fit" '^temperature'
is "the guest is told the drive's health" "$(smart)" "$fit"
warned() { [[ $(smart) =~ critical_warning[[:space:]]*:[[:space:]]*0x10 ]]; }
check "the drive's health gets worse" \
	l0 monitor qom-set "/machine/peripheral/drive-$drive" smart_critical_warning 16
check "the guest is told" wait_for 30 warned
l0 monitor qom-set "/machine/peripheral/drive-$drive" smart_critical_warning 0
like "the error log has what was refused" "$(guest 'nvme error-log /dev/nvme0 2>&1')" \
	'LBA Out of Range'
errno_is "a firmware download is refused" "Invalid Command Opcode" \
	guest 'head -c 4096 /dev/zero >/tmp/fw; nvme fw-download /dev/nvme0 -f /tmp/fw'
errno_is "its activation too" "Invalid Command Opcode" guest 'nvme fw-commit /dev/nvme0 -s 1 -a 1'
errno_is "and so is formatting" "Invalid Command Opcode" guest 'nvme format $dev -n 1 -f'
l2_stop one
slice_detach "$a"
