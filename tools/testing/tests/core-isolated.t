#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel append=isolcpus=1
#
# Pollers run on no isolated CPU, unless the parameter poller_cpus says so.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid)

# reload [PARAMETER=VALUE...]: load the core again, with these parameters
reload() { modules_unload && insmod /out/mods/sluice.ko "$@" && sluice_up main; }

# Linux refuses to move the poller; from 6.14 on it moves threads of a node
bound() { errno_is "and bound" EINVAL taskset -pc 0-1 "$(poller_pids)"; }

plan 21
is "a CPU is isolated" "$(cat /sys/devices/system/cpu/isolated)" 1
check "a drive is on the node" drive_on main 0
check "bind it" sluice_up main
check "a slice" table_write main "size=16MiB, type=slice, uuid=$a, name=a"
check "attach" slice_attach main "$a"
check "it is open" slices_open "$a"
is "the thread is on what is left of the node" "$(pollers)" "sluice_poll/0 on 0"
bound
slices_close $!
check "detach" slice_detach "$a"

check "a list of all CPUs is given" reload poller_cpus=0-1
check "attach" slice_attach main "$a"
check "it is open" slices_open "$a"
is "the thread is on any" "$(pollers)" "sluice_poll/0 on 0-1"
bound
slices_close $!
check "detach" slice_detach "$a"

check "a list of isolated ones is given" reload poller_cpus=1
check "attach" slice_attach main "$a"
check "it is open" slices_open "$a"
is "the thread is there" "$(pollers)" "sluice_poll/0 on 1"
bound
slices_close $!
check "detach" slice_detach "$a"
