#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel nodes=2
#
# Pollers run on the NUMA nodes of their drives.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid) b=$(new_uuid)

plan 16
is "all CPUs are there" "$(cat /sys/devices/system/cpu/online)" 0-1
is "there are two nodes" "$(cat /sys/devices/system/node/online)" 0-1
check "a drive is on the second" drive_on main 1
check "bind it" sluice_up main
check "a slice" table_write main "size=16MiB, type=slice, uuid=$a, name=a"
check "attach" slice_attach main "$a"
check "another drive is on the first" drive_on k4 0
check "bind it" drive_to k4 sluice_nvme
check "a slice" table_write k4 "size=16MiB, type=slice, uuid=$b, name=b"
check "attach" slice_attach k4 "$b"
check "the first slice is open" slices_open "$a"
is "a thread is on that node" "$(pollers)" "sluice_poll/0 on 1"
first=$!
check "the other one is open" slices_open "$b"
is "each node has a thread" "$(pollers)" "sluice_poll/0 on 1,sluice_poll/1 on 0"
check "the admin may have them elsewhere" taskset -pc 0 "$(poller_pids | head -n 1)"
slices_close $first
slices_close $!
check "and then none" wait_for 10 no_poller
slice_detach "$a"
slice_detach "$b"
