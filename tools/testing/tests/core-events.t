#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# What a host's programs and CPUs are told and do: a uevent for each slice that
# comes, changes its state, or goes; and the only CPU of a poller goes offline
# while slices are busy.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid) pool=$(new_uuid)

# events DEVICE: print the actions and states of a slice in one line
events() {
	awk -v want="$1" '
		/^$/ { if (name == want) print action (state == "" ? "" : ":" state)
			action = state = name = "" }
		/^ACTION=/ { action = substr($0, 8) }
		/^SLUICE_STATE=/ { state = substr($0, 14) }
		/^DEVPATH=/ { n = split($0, path, "/"); name = path[n] }' said | paste -sd' '
}
saw() { [ "$(events "$1")" = "$2" ]; }
listens() { grep -q 'KERNEL - the kernel uevent' said; }

plan 22
check "the modules load" modules_load
udevadm monitor --kernel --property --subsystem-match=sluice >said 2>&1 &
monitor=$!
check "somebody listens" wait_for 10 listens
check "bind the drive" sluice_up main
disk=$(drive_disk main)
check "a slice and one of the pool" table_write main "size=16MiB, type=slice, uuid=$a, name=a" \
	"size=16MiB, type=slice, uuid=$pool, name=pool, attrs=GUID:48"
check "attach" slice_attach main "$a"
check "detach" slice_detach "$a"
so_far="add change:attached change:free"
check "a slice tells that it comes, is attached, and is free again" wait_for 10 saw "${disk}p1" "$so_far"
m=$(new_uuid)
check "attach the other" slice_attach_pool main "$m"
check "detach it" slice_detach "$m"
check "a slice of the pool tells of its wipes, too" wait_for 30 saw "${disk}p2" \
	"add change:attached change:wiping change:free"
check "another table" table_write main "size=16MiB, type=L, name=host"
check "a slice tells that it goes" wait_for 10 saw "${disk}p1" "$so_far remove"
kill $monitor
diag "$(events "${disk}p1"), $(events "${disk}p2")"

# The only CPU of the poller goes while one slice is polled for ever, and one not
# at all
b=$(new_uuid)
online=/sys/devices/system/cpu/cpu1/online
check "a poller on the second CPU" eval \
	"modules_unload && insmod /out/mods/sluice.ko pollers=1 poller_cpus=1 && sluice_up main"
check "two slices" table_write main "size=16MiB, type=slice, uuid=$a, name=a" \
	"size=16MiB, type=slice, uuid=$b, name=b"
check "attach them" eval "slice_attach main $a && slice_attach main $b"
slice_set_poll_us "$a" 4294967295
slice_set_poll_us "$b" 0
/out/bin/vfio/nvme_scale mapped 2 12 "$a" "$b" >result &
client=$!
check "both are used" wait_for 60 has_slices $client 2
is "where the poller is" "$(pollers)" "sluice_poll/0 on 1"
check "the CPU goes offline" tee $online <<<0
check "commands are served on the other one" wait $client
check "and on both slices" jq -e '.scale.ios > 1000 and .scale.least_share > 0.001' result
diag "$(cat result)"
check "the CPU comes back" tee $online <<<1
check "detach" eval "slice_detach $a && slice_detach $b"
