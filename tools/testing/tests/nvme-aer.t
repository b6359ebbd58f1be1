#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel append=alone
#
# A PCI error after which the link does not come back: nobody tells the driver,
# which must not keep the host's I/O waiting for ever. On a machine of its own,
# since the port stays broken.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

plan 9
check "bind with a time-out of 4 s" sluice_up main admin_timeout_ms=4000
disk=$(drive_disk main)
sys=$(drive_sys main)
a=$(new_uuid)
check "a slice and a partition" table_write main \
	"start=1MiB, size=32MiB, type=slice, uuid=$a, name=alpha" \
	"size=32MiB, type=L, name=host"
check "attach" slice_attach main "$a"
state_is() { [ "$(cat "$sys/sluice/state")" = "$1" ]; }
# An error of the data link layer is fatal: the channel is frozen. The port of
# an emulated drive cannot reset its link.
check "a fatal error of the link" l0 monitor pcie_aer_inject_error rp-main DLP
check "the drive waits for its slot" wait_for 10 state_is resetting
timeout 60 dd if="/dev/${disk}p2" of=/dev/null bs=4k count=1 iflag=direct 2>/tmp/dd.log
status=$?
is "the host's read fails, and ends before a minute is over" $status 1
diag "$(tail -n 1 /tmp/dd.log)"
check "the drive is dead" wait_for 10 state_is dead
like "the log says why" "$(dmesg)" "sluice_nvme .*slot has not been reset in 8000 ms"
check "it can be unbound" timeout 60 bash -c "echo $(drive_bdf main) >'$sys/driver/unbind'"
