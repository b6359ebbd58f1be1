#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# timeout: 400
#
# A drive does not answer for a while: I/O of guest and host ends, with or
# without an error, nothing hangs, and afterwards everything works again. Then it
# does not even answer a reset: it is dead, and everything ends with an error,
# until it answers and is bound again.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

read -ra options <<<"${GUESTS_OPTIONS-}"
a=$(new_uuid)
provokes host 'sluice_nvme .* timed out, (aborting|resetting)'
provokes host 'sluice_nvme .*resetting the controller'
provokes host 'sluice_nvme .*controller cannot be restarted'
provokes host 'sluice [0-9a-f-]+: controller fatal status'
tolerates host ' error, dev sluice'
tolerates one .
plan 31
check "bind with a time-out of 2 s" sluice_up hang io_timeout_ms=2000 admin_timeout_ms=4000
disk=$(drive_disk hang)
sys=$(drive_sys hang)
check "a slice and a partition" table_write hang "start=1MiB, size=32MiB, type=slice, uuid=$a, name=alpha" \
	"size=32MiB, type=L, name=host"
check "attach" slice_attach hang "$a"
l2_start one "${options[@]}" "$a"
check "the guest is up" l2_up one
l2_send one 'fio --minimal --ioengine=libaio --direct=1 --rw=randrw --bs=4k --iodepth=8 --time_based --runtime=12 \
	--continue_on_error=all --filename=/dev/nvme0n1 --name=load >/tmp/fio.log 2>&1; tail -n 3 /tmp/fio.log'
sleep 2
check "the drive hangs for 10 s" l0 hang 10
timeout 60 dd if="/dev/${disk}p2" of=/dev/null bs=4k count=64 iflag=direct 2>/tmp/dd.log
status=$?
check "the host's read ends before a minute is over" test $status -le 1
diag "host: $(tail -n 1 /tmp/dd.log)"
wait_live() { [ "$(cat "$sys/sluice/state")" = live ]; }
check "the guest's I/O ends" l2_wait one 120
check "the drive is live again" wait_for 30 wait_live
log=$(dmesg | grep sluice)
like "a command that took too long was aborted" "$log" 'timed out, aborting$'
like "then the drive was reset" "$log" 'controller has been reset'
check "the host can read" dd if="/dev/${disk}p2" of=/dev/null bs=1M count=8 iflag=direct
again='fio --minimal --output=/dev/null --ioengine=libaio --direct=1 --rw=randwrite --bs=16k --iodepth=8 --size=8m
	--verify=crc32c --verify_fatal=1 --verify_state_save=0 --filename=/dev/nvme0n1 --name=job'
again=$(tr '\n\t' '  ' <<<"$again")
# The guest's driver may be resetting its controller
ready='for i in $(seq 60); do [ "$(cat /sys/class/nvme/nvme0/state)" = live ] && break; sleep 1; done'
check "the guest has not given its disk up" l2_run one "$ready"
check "the slice works in the guest" l2_run one "$again"

# Its registers cannot be read, as those of a drive that has crashed
answers() { setpci -s "$(drive_bdf hang)" "COMMAND=$1:2"; }
state_is() { [ "$(cat "$sys/sluice/state")" = "$1" ]; }
fails() { timeout 60 dd if=/dev/zero of="/dev/${disk}p2" bs=4k count=64 oflag=direct; }
l2_send one 'echo 2000 >/sys/block/nvme0n1/queue/io_timeout; for i in $(seq 60); do dd if=/dev/nvme0n1 of=/dev/null bs=4k count=64 iflag=direct || exit; sleep 1; done 2>&1'
check "the drive answers nothing any more" answers 0
errno_is "the host's write fails" EIO fails
check "the drive is dead" wait_for 20 state_is dead
like "the log says why" "$(dmesg)" 'sluice_nvme .*controller cannot be restarted: -ENODEV'
l2_wait one 200 >/tmp/guest.log
check "the guest's read ends" test $? = 1
diag "guest: $(tail -n 1 /tmp/guest.log)"
like "no slice can be attached" "$(cat "$sys"/mdev_supported_types/*/available_instances | paste -sd' ')" '^0( 0)*$'
check "the registers can be read again" answers 2
is "the drive stays dead" "$(cat "$sys/sluice/state")" dead
is "and is no bus master" "$((16#$(setpci -s "$(drive_bdf hang)" COMMAND) & 4))" 0
refuse "the host's write fails as before" fails
check "the guest can be killed" l2_kill one
check "detach" slice_detach "$a"
check "unbind" drive_unbind "$(drive_bdf hang)"
check "bind" drive_to hang sluice_nvme
disk=$(drive_disk hang)
check "the host can read" dd if="/dev/${disk}p2" of=/dev/null bs=1M count=8 iflag=direct
check "attach" slice_attach hang "$a"
check "detach" slice_detach "$a"
is "the slice is free" "$(slice_attr "$a" state)" free
