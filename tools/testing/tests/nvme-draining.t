#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# A drive is slow, or stuck: how long an unmapping of guest memory waits for it,
# and what follows, which is no reset of the drive that others use. A drive that
# is stuck can be unbound.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid)
# throttle ALL READ: the drive moves so many bytes a second, and reads so many,
# with 0 any number. The next command is free; with 1 the one after it takes the
# drive minutes or hours.
throttle() { l0 monitor block_set_io_throttle ns-hang1 "$1" "${2-0}" 0 0 0 0; }
drain() { /out/bin/vfio/nvme_drain --trapped --path group --case "$1" "$a"; }
resets() { dmesg | grep -c 'controller has been reset'; }
said() { grep '^# ' "$TAP_FILE"; }
write() { dd if=/dev/zero of="/dev/${disk}p2" bs=4k count=1 oflag=direct 2>&1; }

provokes host "sluice .*the drive does not complete the slice's commands, deleting its queues"
provokes host 'sluice_nvme .* timed out, (aborting|resetting)'
tolerates host 'sluice_nvme .*resetting the controller'
tolerates host ' error, dev sluice'
plan 27
check "bind with a time-out of 1 s" sluice_up hang io_timeout_ms=1000
disk=$(drive_disk hang)
before=$(resets)
check "a slice and a partition" table_write hang \
	"start=1MiB, size=32MiB, type=slice, uuid=$a, name=alpha" "size=32MiB, type=L, name=host"
check "attach" slice_attach hang "$a"

check "the drive is stuck with reads, and writes" throttle 0 1
drain elsewhere >/tmp/elsewhere.log 2>&1 &
client=$!
check "memory is unmapped beside a read" wait_for 120 grep -q 'the read may go on' /tmp/elsewhere.log
check "the drive goes on" throttle 0
check "the unmapping waited for nobody" wait $client
sed 's/^/# /' /tmp/elsewhere.log
is "no drive is reset" "$(resets)" "$before"

check "the drive takes four seconds for a read" throttle 128
check "unmapping waits for the slow drive" drain slow
said

check "it takes 13 seconds for a read, but writes" throttle 0 40
while write; do sleep 0.5; done >/tmp/write.log &
writer=$!
check "unmapping waits for the drive as long as that works for the host" drain busy
said
refuse "the queues were not deleted" sh -c 'dmesg | grep "deleting its queues"'
kill $writer
wait $writer 2>/dev/null
refuse "the host has had no error" grep -i error /tmp/write.log
check "the drive is as it was" throttle 0

check "the drive answers nobody for 14 seconds" l0 hang 14
check "the slice's queues are deleted after ten of them" drain hang
said
like "the log says why" "$(dmesg)" "sluice .*the drive does not complete the slice's commands"
check "it answers nobody for 8 seconds" l0 hang 8
check "a VMM does not wait for it" drain vmm
is "the drive is not reset for any of that" "$(resets)" "$before"
check "the host can read" dd if="/dev/${disk}p2" of=/dev/null bs=1M count=8 iflag=direct
check "detach" slice_detach "$a"

check "the drive is stuck" throttle 1
dd if="/dev/${disk}p2" of=/dev/null bs=4k count=4 iflag=direct 2>/tmp/dd.log &
reader=$!
check "it can be unbound" timeout 120 bash -c "echo $(drive_bdf hang) >/sys/bus/pci/drivers/sluice_nvme/unbind"
refuse "the host's read has failed" wait $reader
like "because of the drive" "$(cat /tmp/dd.log)" 'Input/output error'
throttle 0
