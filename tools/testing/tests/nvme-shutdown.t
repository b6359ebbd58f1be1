#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The host restarts while a slice and a host partition are in use: nothing hangs,
# and the drive is told that its power may go, after its last command.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
# shellcheck source=tools/testing/lib/logs.sh
. "$top/tools/testing/lib/logs.sh"

work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
trap 'rm -rf "$work"; tap_end' EXIT

# This script runs in L1, and does not come to its end
cat >"$work/restart.t" <<'END'
# timeout: 60
. /t/tools/testing/lib/l1.sh
a=$(new_uuid)
sluice_up main &&
	table_write main "size=16MiB, type=slice, uuid=$a" "size=16MiB, type=L" &&
	slice_attach main "$a" || exit
/out/bin/vfio/nvme_scale mapped 1 600 "$a" &
client=$!
wait_for 60 has_slices $client 1 || exit
while :; do
	dd if=/dev/zero of="/dev/$(drive_disk main)p2" bs=16k oflag=direct
done 2>/dev/null &
# The lines that QEMU writes to its log; these are many
l0 monitor trace-event pci_nvme_io_cmd on
l0 monitor trace-event pci_nvme_mmio_shutdown_set on
l0 monitor trace-event pci_nvme_mmio_stopped on
sleep 2
echo restarting
busybox reboot -f
END

# What QEMU said since it was asked: commands of the host's two queues, commands of
# the guest's, and what was written to the register CC, in this order
traced() {
	sed -nE 's/^pci_nvme_io_cmd .* sqid [12] .*/host/p
		s/^pci_nvme_io_cmd .*/guest/p
		s/^pci_nvme_mmio_(shutdown_set|stopped) .*/\1/p' "$work/out/qemu.log"
}

plan 6
"$top/tools/testing/run-l1" -k stock -o "$work/out" "$work/restart.t" >"$work/log" 2>&1
is "the host restarts" "$(cat "$work/out/restart/tap")" restarting ||
	diag "$(cat "$work/log" "$work/out/console")"
like "and does not hang" "$(tail -n 20 "$work/out/console")" 'reboot: Restarting system'
# The driver fails what comes after its end
LOG_ALLOWED='controller fatal status|I/O error, dev sluice0n1|on dev sluice0n1p2'
is "it has nothing to complain of" "$(log_complaints "$work/out/console")" ""
traced >"$work/traced"
check "the host was writing" grep -qx host "$work/traced"
check "a guest, too" grep -qx guest "$work/traced"
is "then the drive was shut down, and stays enabled; it had no command after that" \
	"$(sed -n '/^shutdown_set$/,$p' "$work/traced" | xargs)" shutdown_set
