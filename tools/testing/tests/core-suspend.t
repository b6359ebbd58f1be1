#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# The machine is suspended. First the kernel's test of the freezer, which freezes
# all tasks for five seconds and then thaws them: pollers freeze, also with a slice
# that is polled without end. Then the kernel's test of the devices, which does all
# but turn the power off: a guest and the host go on with what they wrote.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid)
ms=1000000

run_ns() { cut -d' ' -f1 "/proc/$poller/schedstat"; }
# spins: does the poller use the processor for most of a second?
spins() {
	local before

	before=$(run_ns)
	sleep 1
	[ $(($(run_ns) - before)) -gt $((300 * ms)) ]
}

plan 28
check "bind the drive" sluice_up main
check "a slice" table_write main "size=16MiB, type=slice, uuid=$a, name=a" \
	"size=16MiB, type=L, name=host"
check "attach" slice_attach main "$a"
check "polled for ever" slice_set_poll_us "$a" 4294967295
/out/bin/vfio/nvme_scale mapped 1 20 "$a" >said &
client=$!
check "the slice is used" wait_for 60 has_slices $client 1
poller=$(poller_pids)
check "the poller spins" wait_for 20 spins
check "only the freezer is to be tested" tee /sys/power/pm_test <<<freezer
dmesg -C
before=$(run_ns)
check "suspend" tee /sys/power/state <<<freeze
used=$((($(run_ns) - before) / ms))
like "tasks were frozen for five seconds" "$(dmesg)" "Waiting for 5 second"
check "the poller did not run meanwhile" test $used -lt 1500
diag "it ran for $used ms"
check "the poller spins again" wait_for 20 spins
check "the user comes to its end" wait $client
check "and has had its commands served" jq -e '.scale.ios > 100' said
diag "$(cat said)"
slice_detach "$a"

# A guest and the host write and verify, round after round, until they are told
# to end. The guest's rounds are counted in a file, the host's as well.
job='cd /tmp; rm -f stop
rounds() {
	n=0
	until [ -e stop ]; do
		fio --output-format=terse --ioengine=libaio --direct=1 --iodepth=8 \
			--rw=randwrite --bs=16k --size=4m --verify=crc32c \
			--verify_fatal=1 --verify_state_save=0 --randrepeat=0 \
			--name=job "--filename=$1" || return
		n=$((n + 1))
		echo $n >rounds
	done
}
'
guest_rounds() { l2_run one 'cat /tmp/rounds 2>/dev/null || echo 0'; }
host_rounds() { cat /tmp/rounds 2>/dev/null || echo 0; }
more_rounds() { [ "$(guest_rounds)" -gt "$1" ] && [ "$(host_rounds)" -gt "$2" ]; }
# QEMU's lines about what the driver does to the drive's registers
told() { grep -c "^pci_nvme_mmio_$1" /out/qemu.log; }

check "attach again" slice_attach main "$a"
l2_start one "$a"
check "a guest is up" l2_up one
l2_run one "$job"'{ rounds /dev/nvme0n1; echo $? >status; } >log 2>&1 &'
(eval "$job"'rounds "/dev/$(drive_disk main)p2"') >log 2>&1 &
host=$!
check "guest and host write" wait_for 120 more_rounds 0 0
l0 monitor trace-event 'pci_nvme_mmio_s*' on
echo 1 >/sys/module/suspend/parameters/pm_test_delay
check "all devices are to be suspended" tee /sys/power/pm_test <<<platform
dmesg -C
check "suspend" tee /sys/power/state <<<freeze
echo none >/sys/power/pm_test
said=$(dmesg)
l0 monitor trace-event 'pci_nvme_mmio_s*' off
is "the drive was shut down" "$(told shutdown_set)" 1
is "and started again" "$(told start_success)" 1
like "which is logged" "$said" 'controller has been reset'
is "in the order of a suspend" \
	"$(grep -oE 'controller has been reset|Waiting for 1 second' <<<"$said" | xargs)" \
	"Waiting for 1 second controller has been reset"
check "guest and host write again" wait_for 120 more_rounds "$(guest_rounds)" "$(host_rounds)"
touch /tmp/stop
check "the host has read what it wrote" wait $host
l2_run one 'touch /tmp/stop; until [ -e /tmp/status ]; do sleep 0.2; done'
is "and so has the guest" "$(l2_run one 'cat /tmp/status')" 0
check "which ends" l2_stop one
check "detach" slice_detach "$a"
is "the drive is live" "$(cat "$(drive_sys main)/sluice/state")" live
