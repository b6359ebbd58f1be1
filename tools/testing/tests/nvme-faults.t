#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=debug iommu=intel
# timeout: 240
#
# Allocations and copies fail, each once, in every call of VFIO and of iommufd that
# a VMM makes, in the writes to sysfs and in binding: whatever fails gives an error,
# loses nothing, and works afterwards. See selftests/vfio/alloc_faults.c.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

# What fail-nth may hit: every allocation and copy of the thread
inject_all() {
	local dir

	for dir in /sys/kernel/debug/fail{slab,_page_alloc,_usercopy}; do
		echo 0 >"$dir/verbose"
		[ ! -e "$dir/ignore-gfp-wait" ] || echo N >"$dir/ignore-gfp-wait"
		[ ! -e "$dir/ignore-gfp-highmem" ] || echo N >"$dir/ignore-gfp-highmem"
		[ ! -e "$dir/min-order" ] || echo 0 >"$dir/min-order"
	done
}

# inject_ours DEPTH: only those with one of our functions among the last DEPTH
# callers
inject_ours() {
	local dir starts size=0 m

	mapfile -t starts < <(sort /sys/module/sluice{,_nvme}/sections/.text)
	for m in sluice sluice_nvme; do
		size=$((size + $(cat /sys/module/$m/coresize)))
	done
	for dir in /sys/kernel/debug/fail{slab,_page_alloc,_usercopy}; do
		echo "${starts[0]}" >"$dir/require-start"
		printf '0x%x\n' $((starts[1] + size)) >"$dir/require-end"
		echo "$1" >"$dir/stacktrace-depth"
	done
}

# cases PATH MDEV CASE...
cases() {
	local path=$1 mdev=$2 name
	shift 2

	for name; do
		SECONDS=0
		check "$name, $path" timeout 200 /out/bin/vfio/alloc_faults --path "$path" \
			--second "$b" --case "$name" "$mdev"
		grep '^# ' "$TAP_FILE"
		diag "$name: $SECONDS s"
	done
}

a=$(new_uuid) b=$(new_uuid) spare=$(new_uuid) pool=$(new_uuid)
# Two slices for their own UUIDs, and a small one of the pool, all attached
slices() {
	sluice_up main host_queues=2 &&
		table_write main "size=64MiB, type=slice, uuid=$a" \
			"size=16MiB, type=slice, uuid=$b" \
			"size=4MiB, type=slice, uuid=$spare, attrs=GUID:48" &&
		slice_attach main "$a" 4 && slice_attach main "$b" 4 &&
		slice_attach_pool main "$pool"
}
spare_free() { [ "$(slice_attr "$spare" state)" = free ]; }

# Threads of the driver that have no memory for a guest's queue
tolerates host 'controller fatal status'
plan 12
check "three slices" slices
inject_all
cases group "$a" open device attributes
cases iommufd "$a" open device
# Not those further up: the kernel's debugging of DMA gives up when it gets no
# memory, and VFIO warns of its own way back
inject_ours 7
cases group "$a" rescan create
cases group "$pool" create
slice_detach "$pool"
check "the slice of the pool is free again" wait_for 60 spare_free
inject_ours 4
cases group "$a" threads
slice_detach "$b"
cases group "$a" bind
slice_detach "$a"
slice_detach "$b"
