#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel append=alone
#
# PCI errors: the drive cannot access memory, and says so in its status; the slot
# is reset; after both everything works again. After another error the link does
# not come back. In that case nobody tells the driver, which must still end the
# host's I/O.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

state_is() { [ "$(cat "$sys/sluice/state")" = "$1" ]; }
reads() { timeout 60 dd if="/dev/${disk}p2" of=/dev/null bs=4k count=1 iflag=direct; }
# An error of the data link layer is fatal: the kernel freezes the channel.
fatal() { l0 monitor pcie_aer_inject_error rp-main DLP; }
recovered() { dmesg | grep -q 'AER: device recovery successful'; }

provokes host 'sluice_nvme .*the drive is dead'
provokes host 'sluice [0-9a-f-]+: controller fatal status'
tolerates host ' error, dev sluice'
provokes host 'sluice_nvme .*resetting the controller, CSTS 0x2'
plan 19
check "bind with a time-out of 4 s" sluice_up main admin_timeout_ms=4000
disk=$(drive_disk main)
sys=$(drive_sys main)
a=$(new_uuid)
check "a slice and a partition" table_write main \
	"start=1MiB, size=32MiB, type=slice, uuid=$a, name=alpha" \
	"size=32MiB, type=L, name=host"
check "attach" slice_attach main "$a"

check "the drive can access no memory" setpci -s "$(drive_bdf main)" COMMAND=0:4
check "the host reads nevertheless" reads
check "after a reset" state_is live
is "which waited for no time-out" "$(dmesg | grep 'sluice.*timed out')" ""

check "a fatal error of the link" fatal
check "the slot is reset" wait_for 20 recovered
check "the drive is back" wait_for 10 state_is live
check "and the host reads" reads

# The card is gone, and only the error service of the port is left, so no port
# driver looks for the card. The NVMe driver does not look either: it checks its
# controller only during commands and for two seconds after the last one.
sleep 4
port=$(drive_port main)
check "the port's hot-plug is let go of" port_without_hotplug "$port"
check "the card's slot loses its power" setpci -s "$port" CAP_EXP+18.w=0700:0700
check "a fatal error of the link" fatal
check "the drive waits for its slot" wait_for 10 state_is resetting
errno_is "the host's read fails" EIO reads
check "the drive is dead" wait_for 10 state_is dead
like "the log says why" "$(dmesg)" "sluice_nvme .*slot was not reset within 8000 ms"
check "it can be unbound" timeout 60 bash -c "echo $(drive_bdf main) >'$sys/driver/unbind'"
