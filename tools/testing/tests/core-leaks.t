#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=debug iommu=intel append=kmemleak=on append=mem=2G
# timeout: 600
#
# The modules free all memory that they allocate: kmemleak finds no unused
# memory after users that end well, users that are killed, refused requests, and
# the removal of the modules.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

kmemleak=/sys/kernel/debug/kmemleak
report=/run/kmemleak
a=$(new_uuid) b=$(new_uuid)

# kmemleak ignores memory younger than five seconds, and reports what a scan
# finds only after the next scan. Memory to which no pointer is left stays so: one
# look finds all that happened before.
scan() {
	sleep 6
	echo scan >$kmemleak && echo scan >$kmemleak && cat $kmemleak >"$report"
}

# Count those reported allocations that the modules made
ours() { grep -c '\[sluice' "$report"; }

# Only while the modules are loaded: later a backtrace has no names
no_leak() {
	check "kmemleak has looked" scan
	is "$1" "$(ours)" 0 || diag "$(cat "$report")"
}

# client OPTION VALUE PROGRAM...
client() {
	timeout 300 /out/bin/vfio/run.sh --path group --second "$b" "$1" "$2" "$a" "${@:3}" \
		>"/run/client.log" 2>&1 || { tail -n 20 "/run/client.log"; false; }
}

# Some of the programs take the memory of queues away
tolerates host 'sluice [0-9a-f-]+: controller fatal status'
plan 16
# It scans by itself as well
echo scan=off >$kmemleak
check "kmemleak is at work" scan
# What the kernel itself lost when it booted
echo clear >$kmemleak
check "bind the drive" sluice_up main
check "two slices" table_write main "size=32MiB, type=slice, uuid=$a, name=alpha" \
	"size=32MiB, type=slice, uuid=$b, name=beta"
check "attach" slice_attach main "$a"
check "attach another" slice_attach main "$b"
errno_is "attach it again" EEXIST slice_attach main "$b"
echo 8 >/proc/sys/vm/nr_hugepages
# What leaks once leaks in each round
check "a user that resets, unmaps, is killed" client --count 2 nvme_reset nvme_unmap nvme_exit nvme_queues
for case in fields unmap reset; do
	check "shadow doorbells: $case" client --case $case nvme_dbbuf
done
slice_detach "$a"
check "unbind with a slice attached" drive_unbind "$(drive_bdf main)"
no_leak "nothing was lost, with slices attached or with the drive gone"
check "remove the modules" modules_unload
check "kmemleak has looked" scan
is "nor when they are gone" "$(grep -c '^unreferenced' "$report")" 0 || diag "$(cat "$report")"
