#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# A slice whose guest does nothing costs nothing: no thread of the modules wakes
# up, no work item of the modules runs, no queue interrupts.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid)
trace=/sys/kernel/tracing/instances/idle

# Counters that must not change while the guest is idle, but do when it is busy
switches() { awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$poller/status"; }
run_ns() { cut -d' ' -f1 "/proc/$poller/schedstat"; }
work() { grep -cE 'workqueue_execute_start:.* function .*sluice' $trace/trace; }
polled() { cat "/sys/bus/mdev/devices/$a/sluice/polled_us"; }
counts() { echo "$(switches) $(run_ns) $(work) $(queue_interrupts) $(polled)"; }

plan 15
check "bind the drive" sluice_up main
check "a slice" table_write main "size=64MiB, type=slice, uuid=$a, name=a"
check "attach" slice_attach main "$a"
mkdir -p $trace
check "trace what is queued" tee $trace/events/workqueue/workqueue_execute_start/enable <<<1
l2_start idle "$a"
check "a guest is up" l2_up idle
check "and has its disk" l2_run idle 'until [ -b /dev/nvme0n1 ]; do usleep 100000; done'
poller=$(poller_pids)
like "one thread looks after it" "$poller" '^[0-9]+$'

# The guest may still be looking for partitions
sleep 5
before=$(counts)
sleep 10
after=$(counts)
is "nothing happens in ten seconds (switches, time, work, interrupts, time for the slice)" "$after" "$before"

read -r switches ns work interrupts polled <<<"$after"
check "the guest reads" l2_run idle 'dd if=/dev/nvme0n1 of=/dev/null bs=4k count=64 iflag=direct && nvme id-ctrl /dev/nvme0'
check "the thread has woken" test "$(switches)" -gt "$switches"
check "it has used time" test "$(run_ns)" -gt "$ns"
# The slice is the thread's only one. Not counted is going to sleep and waking.
spent=$((($(polled) - polled) * 1000))
check "which is counted for the slice" test $((spent * 4)) -gt $(($(run_ns) - ns))
check "work was done" test "$(work)" -gt "$work"
check "the drive has interrupted" test "$(queue_interrupts)" -gt "$interrupts"
check "the guest ends" l2_stop idle
rmdir $trace
slice_detach "$a"
