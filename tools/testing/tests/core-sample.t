#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=debug iommu=intel
# check-all
# timeout: 240
#
# A core without table/ serves a backend whose slices are no partitions: the
# sample backend, in sysfs and through VFIO.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck source=tools/testing/sample/l1.sh
. /t/tools/testing/sample/l1.sh

alpha=$(sample_uuid 01) beta=$(sample_uuid 02) pool=$(sample_uuid 04)
small=$(sample_uuid 11)
other=$(new_uuid) another=$(new_uuid)
dir=/sys/class/sluice/sluice_sample-alpha

slices() { (cd /sys/class/sluice && printf '%s\n' sluice_sample*) | paste -sd' '; }
attrs() {
	local name

	for name in uuid name size_bytes pool state mdev generation memory_bytes; do
		cat "$1/$name"
	done | paste -sd,
}
state() { slice_attr "$1" state; }
has_state() { [ "$(state "$1")" = "$2" ]; }
host_uses() { echo "$2" >"$(slice_dir "$1")/host_uses"; }
mdevs() { find /sys/bus/mdev/devices -mindepth 1 | wc -l; }

plan 55
check "load the core without table/ and the sample backend" sample_up
refuse "this core knows no partitions" grep -q sluice_scan_disk /proc/kallsyms
is "the slices of both parents" "$(slices)" \
	"sluice_sample-alpha sluice_sample-beta sluice_sample-gamma sluice_sample-pool sluice_sample_min-alpha sluice_sample_min-beta"
is "attributes of all slices, and the provider's own" "$(attrs $dir)" \
	"$alpha,alpha,65536,0,free,,0,1048576"
is "a member of the pool" "$(attrs /sys/class/sluice/sluice_sample-pool)" \
	"$pool,pool,65536,1,free,,0,1048576"
is "none of what partitions have" \
	"$(cd $dir && ls -d partition start_bytes disk whole block_size_bytes 2>/dev/null)" ""
is "a size that can be written" "$(stat -c %a $dir/size_bytes)" 644
is "device is the platform device" "$(readlink -f $dir/device)" \
	/sys/devices/platform/sluice_sample
is "as many can be attached as there are" \
	"$(sample_available plain) $(sample_available wide) $(sample_available pool) $(sample_available trapped)" "3 3 1 2"
check "a rescan" eval "echo 1 >/sys/devices/platform/sluice_sample/sluice/rescan"
is "finds nothing more" "$(find /sys/class/sluice -mindepth 1 | wc -l)" 6

# Busy, attached, and the pool
check "the host uses a slice" host_uses "$beta" 1
is "it is busy" "$(state "$beta")" busy
is "there is one less to be attached" "$(sample_available plain)" 2
errno_is "it is refused" EBUSY sample_attach plain "$beta"
check "the host is done with it" host_uses "$beta" 0
is "it is free" "$(state "$beta")" free
check "attach it as plain" sample_attach plain "$beta"
is "it is attached" "$(attrs /sys/class/sluice/sluice_sample-beta)" \
	"$beta,beta,65536,0,attached,$beta,1,1048576"
is "both types have one less, and that of the pool has not" \
	"$(sample_available plain) $(sample_available wide) $(sample_available pool)" "2 2 1"
check "attach a UUID that no slice has" sample_attach pool "$other"
is "it has the pool's slice" "$(cat "/sys/bus/mdev/devices/$other/slice")" "$pool"
is "whose mdev it is" "$(slice_attr "$pool" mdev)" "$other"
errno_is "an attached slice is refused" EBUSY sample_attach pool "$pool"
errno_is "the pool is empty" ENOSPC sample_attach pool "$another"
check "attach at the other parent" sample_attach trapped "$small"
errno_is "which has no type for a pool" ENOENT sample_attach trapped "$another"

# Through VFIO
check "the general part of the self-tests" \
	sample_client group "$beta" vfio_info vfio_config vfio_region vfio_irq
check "the sample's own on plain" sample_own group "$beta"
check "the sample's own on wide" sample_own group "$other"
check "the sample's own on trapped" sample_own group "$small"

# What a guest has left in a member of the pool
refuse "the pool's slice has been written to" \
	sample_client group --case fresh "$other" sample_regions
sample_wipe_ms 4000
check "detach it" slice_detach "$other"
is "it is being wiped" "$(state "$pool")" wiping
errno_is "it is refused meanwhile" EBUSY sample_attach pool "$pool"
errno_is "also as a member of the pool" ENOSPC sample_attach pool "$other"
check "the wipe ends" wait_for 30 has_state "$pool" free
sample_wipe_ms 0
check "attach it by its own UUID" sample_attach pool "$pool"
is "its second tenant, and the fourth attachment in all" "$(slice_attr "$pool" generation)" 4
check "finds it empty" sample_client group --case fresh "$pool" sample_regions
check "detach" slice_detach "$pool"
check "it is free when it is wiped" wait_for 30 has_state "$pool" free
check "what is no member of the pool is free at once" slice_detach "$beta"
is "it is free" "$(state "$beta")" free

# The end, with slices attached and a wipe to come
check "attach a slice that nobody opens" sample_attach plain "$alpha"
errno_is "its module cannot be removed" "is in use" rmmod sluice_sample
check "unbind the parent" sample_unbind sluice_sample
is "its slices have gone, and those of the other have not" "$(slices)" \
	"sluice_sample_min-alpha sluice_sample_min-beta"
check "bind it again" sample_bind sluice_sample
check "attach the pool's slice" sample_attach pool "$other"
sample_wipe_ms 600000
check "detach it: the wipe is ten minutes away" slice_detach "$other"
check "unbind the other parent" sample_unbind sluice_sample_min
check "remove the modules" timeout 30 bash -c ". /t/tools/testing/lib/l1.sh; modules_unload"
is "nothing is left" "$(mdevs) $(ls -d /sys/class/sluice /sys/module/sluice* /sys/devices/platform/sluice* 2>/dev/null)" "0 "
check "the usual modules can be loaded" modules_load
