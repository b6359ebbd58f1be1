#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# Pollers freeze when the machine is suspended, also with a slice that is polled
# without end. The kernel's test of the freezer freezes all tasks for five
# seconds and then thaws them.
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

plan 13
check "bind the drive" sluice_up main
check "a slice" table_write main "size=16MiB, type=slice, uuid=$a, name=a"
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
echo none >/sys/power/pm_test
check "the user comes to its end" wait $client
check "and has had its commands served" jq -e '.scale.ios > 1000' said
diag "$(cat said)"
slice_detach "$a"
