#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# timeout: 300
#
# The drive is unbound while guests use it: VFIO asks the guests to release it,
# a guest that does not can be killed, and the host does not hang.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

read -ra options <<<"${GUESTS_OPTIONS-}"
a=$(new_uuid) b=$(new_uuid)
bdf=$(drive_bdf main)
sys=$(drive_sys main)

cut_up() {
	table_write main "size=32MiB, type=slice, uuid=$a, name=alpha" \
		"size=32MiB, type=slice, uuid=$b, name=beta" "size=32MiB, type=L, name=host"
}

load='fio --minimal --ioengine=libaio --direct=1 --rw=randrw --bs=4k --iodepth=16 --time_based
	--runtime=600 --filename=/dev/nvme0n1 --name=load >/dev/null 2>&1; true'
load=$(tr '\n\t' '  ' <<<"$load")

plan 19
check "bind the drive" sluice_up main
check "cut it up" cut_up
slice_attach main "$a"
slice_attach main "$b"
l2_start one "${options[@]}" "$a"
l2_start two "${options[@]}" "$b"
check "guest one is up" l2_up one
check "guest two is up" l2_up two
l2_send one "$load"
l2_send two "$load"
sleep 2
# Guest two is stopped: it cannot answer a request
kill -STOP "$(l2_pid two)"
(echo "$bdf" >"$sys/driver/unbind") &
unbind=$!
unbound() { ! kill -0 $unbind 2>/dev/null; }
check "guest one lets go of its disk when asked" wait_for 90 grep -q L2-EXIT "$L2_RUN/one/agent.log"
refuse "unbinding waits for guest two" unbound
check "the host goes on meanwhile" timeout 20 dd if=/dev/vda of=/dev/null bs=1M count=4 iflag=direct
# The UUID of a new mdev: that of guest one's may still be in use
errno_is "no new attachment while it goes" ENODEV slice_attach main "$(new_uuid)"
kill -CONT "$(l2_pid two)"
kill -9 "$(l2_pid two)"
check "with guest two dead, unbinding ends" wait_for 60 unbound
wait $unbind
is "and succeeded" "$?" 0
is "no driver is bound" "$(drive_driver main)" none
is "no slice is left" "$(ls /sys/class/sluice 2>/dev/null)" ""
is "no mdev is left" "$(ls /sys/bus/mdev/devices 2>/dev/null)" ""
check "guest one is alive" l2_run one 'echo yes'
l2_kill one
l2_kill two
check "bind again" sluice_up main
is "the slices are there" "$(slice_attr "$a" name) $(slice_attr "$b" name)" "alpha beta"
check "attach" slice_attach main "$a"
l2_start three "${options[@]}" "$a"
check "another guest is up" l2_up three
check "and works" l2_run three 'dd if=/dev/nvme0n1 of=/dev/null bs=1M count=4 iflag=direct'
l2_kill three
slice_detach "$a"
