#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel nodes=2 append=isolcpus=1-3
#
# Pollers keep away from isolated CPUs, unless they are told.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid)
drive_on() { echo "$1" >"$(drive_sys main)/numa_node"; }

# reload NODE [PARAMETER=VALUE...]: with the drive there
reload() {
	local node=$1
	shift

	modules_unload && drive_on "$node" && insmod /out/mods/sluice.ko "$@" &&
		sluice_up main
}

plan 14
is "CPUs are isolated" "$(cat /sys/devices/system/cpu/isolated)" 1-3
check "a drive is on the first node" drive_on 0
check "bind it" sluice_up main
check "a slice" table_write main "size=16MiB, type=slice, uuid=$a, name=a"
check "attach" slice_attach main "$a"
check "it is open" slices_open "$a"
is "the thread is on what is left of the node" "$(pollers)" "sluice_poll/0 on 0"
slices_close $!
check "detach" slice_detach "$a"

check "the drive is on a node that is all isolated" reload 1
check "attach" slice_attach main "$a"
check "it is open" slices_open "$a"
is "the thread is where it may be" "$(pollers)" "sluice_poll/0 on 0"
slices_close $!
slice_detach "$a"

reload 1 poller_cpus=2-3
slice_attach main "$a"
check "a list of CPUs is given" slices_open "$a"
is "the thread is there" "$(pollers)" "sluice_poll/0 on 2-3"
slices_close $!
slice_detach "$a"
