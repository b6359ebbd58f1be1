#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel nodes=2 append=isolcpus=1
#
# All CPUs of the drive's node are isolated: its poller runs on another node.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid)

plan 8
is "a CPU is isolated" "$(cat /sys/devices/system/cpu/isolated)" 1
is "it is the node's only one" "$(cat /sys/devices/system/node/node1/cpulist)" 1
check "a drive is on that node" drive_on main 1
check "bind it" sluice_up main
check "a slice" table_write main "size=16MiB, type=slice, uuid=$a, name=a"
check "attach" slice_attach main "$a"
check "it is open" slices_open "$a"
is "the thread is where it may be" "$(pollers)" "sluice_poll/0 on 0"
slices_close $!
slice_detach "$a"
