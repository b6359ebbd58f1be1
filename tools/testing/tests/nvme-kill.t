#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# timeout: 400
#
# Guests are killed under load, again and again: they release everything, and
# the guest that still runs is not disturbed.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

rounds=3
read -ra options <<<"${GUESTS_OPTIONS-}"
a=$(new_uuid) b=$(new_uuid)

# Print all resources that a guest uses and must release
state() {
	local sys

	sys=$(drive_sys main)
	grep . "$sys"/mdev_supported_types/*/available_instances \
		"$sys"/sluice/queue_pairs_* "$sys"/sluice/state | sed "s,.*/sluice,,"
	echo "users of the core: $(cat /sys/module/sluice/refcnt)"
	echo "interrupts: $(find "$sys/msi_irqs" -type f 2>/dev/null | wc -l)"
}

# Print the pages that are pinned, by any process
pinned() {
	echo 1 >/proc/sys/vm/stat_refresh
	awk '$1 == "nr_foll_pin_acquired" { n += $2 }
		$1 == "nr_foll_pin_released" { n -= $2 } END { print n + 0 }' /proc/vmstat
}
none_pinned() { [ "$(pinned)" = 0 ]; }
# pins UUID...: each slice has guest memory pinned, and the kernel counts it
pins() {
	local uuid pages all=0

	for uuid; do
		pages=$(cat "/sys/bus/mdev/devices/$uuid/pinned_pages")
		[ "$pages" -gt 0 ] || return
		all=$((all + pages))
	done
	[ "$(pinned)" -ge $all ]
}

load='fio --minimal --ioengine=libaio --direct=1 --rw=randrw --bsrange=4k-128k --iodepth=32 --time_based
	--runtime=600 --filename=/dev/nvme0n1 --numjobs=2 --name=load >/dev/null 2>&1'
load=$(tr '\n\t' '  ' <<<"$load")

plan $((9 + 6 * rounds))
check "bind the drive" sluice_up main
check "two slices" table_write main "size=64MiB, type=slice, uuid=$a, name=mortal" \
	"size=64MiB, type=slice, uuid=$b, name=survivor"
before_all=$(state)
check "attach the survivor" slice_attach main "$b"
l2_start survivor "${options[@]}" "$b"
check "the survivor is up" l2_up survivor
before=$(state)
check "it has pages pinned" wait_for 10 pins "$b"
fio_verify='fio --minimal --output=/dev/null --ioengine=libaio --direct=1 --rw=randwrite --bs=16k --iodepth=8 --size=8m
	--verify=crc32c --verify_fatal=1 --verify_state_save=0 --filename=/dev/nvme0n1 --name=job'
fio_verify=$(tr '\n\t' '  ' <<<"$fio_verify")

state_is() { [ "$(state)" = "$1" ]; }
for ((i = 1; i <= rounds; i++)); do
	check "round $i: attach" slice_attach main "$a" 4
	l2_start mortal vcpus=2 "${options[@]}" "$a"
	check "round $i: the guest is up" l2_up mortal
	l2_send mortal "$load"
	l2_send survivor "$fio_verify"
	sleep $((i % 3 + 1)).$((i * 3 % 10))
	check "round $i: both have pages pinned" wait_for 10 pins "$a" "$b"
	check "round $i: kill -9" l2_kill mortal
	slice_detach "$a"
	check "round $i: the other guest's I/O is right" l2_wait survivor
	wait_for 10 state_is "$before"
	is "round $i: everything is back" "$(state)" "$before"
done
l2_kill survivor
check "detach the survivor" slice_detach "$b"
is "everything is as before the first guest" "$(state)" "$before_all"
check "the drive still works for the host" dd if="/dev/$(drive_disk main)" of=/dev/null bs=1M count=8 iflag=direct
check "no page is pinned any more" wait_for 10 none_pinned
