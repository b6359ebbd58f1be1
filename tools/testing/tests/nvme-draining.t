#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# A drive is slow, or stuck: how long an unmapping of guest memory waits for it,
# and what follows. A drive that is stuck can be unbound.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid)
# throttle BYTES: the drive moves so many a second, with 0 any number. The next
# command is free; with 1 the one after it takes the drive minutes or hours.
throttle() { l0 monitor block_set_io_throttle ns-hang1 "$1" 0 0 0 0 0; }
unmap() { /out/bin/vfio/nvme_drain --trapped --path group --case "$1" "$a"; }
resets() { dmesg | grep -c 'controller has been reset'; }
said() { grep '^# ' "$TAP_FILE"; }

provokes host 'sluice .*no command completed for 10000 ms'
provokes host 'sluice_nvme .* timed out, (aborting|resetting)'
provokes host 'sluice_nvme .*resetting the controller'
tolerates host ' error, dev sluice'
plan 17
check "bind with a time-out of 1 s" sluice_up hang io_timeout_ms=1000
disk=$(drive_disk hang)
before=$(resets)
check "a slice and a partition" table_write hang \
	"start=1MiB, size=32MiB, type=slice, uuid=$a, name=alpha" "size=32MiB, type=L, name=host"
check "attach" slice_attach hang "$a"

check "the drive takes four seconds for a read" throttle 128
check "unmapping waits for the slow drive" unmap slow
said
is "which is not reset" "$(resets)" "$before"

check "the drive is stuck" throttle 1
check "unmapping waits ten seconds for it" unmap hang
said
is "in which the drive is reset" "$(resets)" $((before + 1))
like "the log says why" "$(dmesg)" 'sluice .*no command completed for 10000 ms, resetting the drive'
check "the drive is as it was" throttle 0
check "the host can read" dd if="/dev/${disk}p2" of=/dev/null bs=1M count=8 iflag=direct
check "detach" slice_detach "$a"

check "the drive is stuck again" throttle 1
dd if="/dev/${disk}p2" of=/dev/null bs=4k count=4 iflag=direct 2>/tmp/dd.log &
reader=$!
check "it can be unbound" timeout 120 bash -c "echo $(drive_bdf hang) >/sys/bus/pci/drivers/sluice_nvme/unbind"
refuse "the host's read has failed" wait $reader
like "because of the drive" "$(cat /tmp/dd.log)" 'Input/output error'
throttle 0
