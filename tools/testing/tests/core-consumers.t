#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# timeout: 240
#
# Management software makes mdevs: mdevctl itself, and what Proxmox VE, KubeVirt
# and Nova write to sysfs, step by step.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

web=$(new_uuid)
# Proxmox VE makes the UUID from the index of the device and the VM's number
vm100=$(printf '%08d-0000-0000-0000-%012d' 0 100)
vm101=$(printf '%08d-0000-0000-0000-%012d' 0 101)

mdevs() { find /sys/bus/mdev/devices -mindepth 1 -printf '%f\n' | sort; }
mdev_attr() { cat "/sys/bus/mdev/devices/$1/$2"; }
mdev_type() { basename "$(readlink "/sys/bus/mdev/devices/$1/mdev_type")"; }
available() { cat "$(drive_type main "$1")/available_instances"; }
# mdev_slice UUID ATTRIBUTE: of the slice that an mdev has
mdev_slice() { slice_attr "$(mdev_attr "$1" slice)" "$2"; }
wiped() { ! grep -qs wiping /sys/class/sluice/*/state; }

# mdevctl_types JQ-FILTER: what mdevctl says of the drive's types
mdevctl_types() {
	mdevctl types -p "$bdf" --dumpjson | jq -r --arg bdf "$bdf" \
		".[0][\$bdf] | map(to_entries[]) | map({key, value}) | from_entries | $1"
}

# Proxmox VE: pci_create_mdev_device() and its removal
pve_start() {
	local dir=/sys/bus/pci/devices/$bdf avail

	[ -d "$dir/mdev_supported_types/$1" ] || return
	[ ! -d "$dir/$2" ] || { echo "exists"; return 1; }
	read -r avail <"$dir/mdev_supported_types/$1/available_instances" || return
	[[ $avail =~ ^[0-9]+$ ]] || return
	[ "$avail" -ge 1 ] || { echo "no available instances"; return 1; }
	printf %s "$2" >"$dir/mdev_supported_types/$1/create"
}
pve_stop() { printf 1 >"/sys/bus/pci/devices/$bdf/$1/remove"; }
# What its dialogs show of each type
pve_types() {
	local type

	for type in "/sys/bus/pci/devices/$bdf"/mdev_supported_types/*; do
		cat "$type/name" "$type/description" "$type/available_instances" || return
	done
}

# KubeVirt: it is told the name of a type, and makes all instances of it
kubevirt_configure() {
	local dir name uuid n

	for dir in /sys/class/mdev_bus/*/mdev_supported_types/*; do
		read -r name <"$dir/name" || return
		[ "${name// /_}" = "$1" ] || continue
		read -r n <"$dir/available_instances" || return
		while [ $((n--)) -gt 0 ]; do
			uuid=$(new_uuid)
			printf %s "$uuid" >"$dir/create" || return
			echo "$uuid"
		done
	done
}
# kubevirt_remove FILE: the mdevs that the file names
kubevirt_remove() {
	local uuid

	while read -r uuid; do
		printf 1 >"/sys/bus/mdev/devices/$uuid/remove" || return
	done <"$1"
}

# Nova: a random UUID for the first parent with an instance to give
nova_create() {
	local dir uuid

	uuid=$(new_uuid)
	for dir in /sys/class/mdev_bus/*/mdev_supported_types/"$1"; do
		[ "$(cat "$dir/available_instances")" -gt 0 ] || continue
		printf %s "$uuid" >"$dir/create" && echo "$uuid"
		return
	done
	echo "no instance of $1" >&2
	return 1
}

plan 50
check "bind the drive" sluice_up main
bdf=$(drive_bdf main)
check "three slices, two of the pool" table_write main \
	"size=16MiB, type=slice, uuid=$web, name=web" \
	"size=16MiB, type=slice, uuid=$vm100, name=vm100" \
	"size=16MiB, type=slice, uuid=$vm101, name=vm101" \
	"size=8MiB, type=slice, name=p1, attrs=GUID:48" \
	"size=8MiB, type=slice, name=p2, attrs=GUID:48"

# mdevctl
is "mdevctl: what it says of a type" \
	"$(mdevctl_types '."sluice_nvme-q4" | [.available_instances, .device_api, .name] | join(",")')" \
	"3,vfio-pci,Sluice NVMe q4"
is "mdevctl: and of a type for the pool" \
	"$(mdevctl_types '."sluice_nvme-pool-q4" | [.available_instances, .device_api, .name] | join(",")')" \
	"2,vfio-pci,Sluice NVMe pool q4"
check "mdevctl: start without a UUID, of the pool" eval \
	"mdevctl start -p $bdf -t sluice_nvme-pool-q2 >/tmp/uuid"
random=$(cat /tmp/uuid)
is "the mdev is there, and no other" "$(mdevs)" "$random"
is "it has a slice of the pool" "$(mdev_slice "$random" pool)" 1
like "mdevctl: list" "$(mdevctl list)" "^$random $bdf sluice_nvme-pool-q2"
check "mdevctl: start without a UUID again" eval \
	"mdevctl start -p $bdf -t sluice_nvme-pool-q2 >/tmp/uuid2"
is "mdevctl: none is left" \
	"$(mdevctl_types '."sluice_nvme-pool-q2".available_instances')" 0
refuse "mdevctl: start without a UUID a third time" \
	mdevctl start -p "$bdf" -t sluice_nvme-pool-q2
check "mdevctl: stop" mdevctl stop -u "$random"
check "mdevctl: stop the other" mdevctl stop -u "$(cat /tmp/uuid2)"
is "no mdev is left" "$(mdevs)" ""
check "the slices are wiped" wait_for 60 wiped
is "mdevctl: they are available again" \
	"$(mdevctl_types '."sluice_nvme-pool-q2".available_instances')" 2
check "mdevctl: start with the UUID of a slice" mdevctl start -u "$web" -p "$bdf" -t sluice_nvme-q2
is "it has that slice" "$(mdev_attr "$web" slice)" "$web"
check "mdevctl: define the running one" mdevctl define -u "$web"
like "mdevctl: it is defined" "$(mdevctl list -d)" "^$web $bdf sluice_nvme-q2"
check "mdevctl: stop" mdevctl stop -u "$web"
check "mdevctl: start what is defined" mdevctl start -u "$web"
is "it has that slice again" "$(slice_attr "$web" mdev)" "$web"
check "mdevctl: stop" mdevctl stop -u "$web"
check "mdevctl: undefine" mdevctl undefine -u "$web"
refuse "mdevctl: start without a UUID, of a type that wants a slice's" \
	mdevctl start -p "$bdf" -t sluice_nvme-q2
like "the log says what to do" "$(dmesg | tail -n 3)" \
	"refused: no slice has this UUID; for any slice of the pool use a type like sluice_nvme-pool-q2"
is "no mdev is left" "$(mdevs)" ""

# Proxmox VE
like "Proxmox VE: what it shows of the types" "$(pve_types | paste -sd,)" \
	",Sluice NVMe q2,the slice with the UUID of the mdev, 2 I/O queue pairs,3,"
check "Proxmox VE: start VM 100" pve_start sluice_nvme-q2 "$vm100"
is "it has its slice" "$(slice_attr "$vm100" mdev),$(mdev_type "$vm100")" "$vm100,sluice_nvme-q2"
check "Proxmox VE: start VM 101" pve_start sluice_nvme-q4 "$vm101"
is "it has its slice" "$(slice_attr "$vm101" mdev),$(mdev_type "$vm101")" "$vm101,sluice_nvme-q4"
refuse "Proxmox VE: start it twice" pve_start sluice_nvme-q4 "$vm101"
check "attach the last slice" slice_attach main "$web"
like "Proxmox VE: there is no instance for another VM" \
	"$(pve_start sluice_nvme-q2 "${vm101%101}102")" "no available instances"
slice_detach "$web"
errno_is "Proxmox VE: a VM without a slice" ENOENT pve_start sluice_nvme-q2 "${vm101%101}102"
check "Proxmox VE: stop VM 100" pve_stop "$vm100"
check "Proxmox VE: start it again" pve_start sluice_nvme-q2 "$vm100"
check "Proxmox VE: stop both" eval "pve_stop $vm100 && pve_stop $vm101"

# KubeVirt
check "KubeVirt: make all instances for the pool" eval \
	"kubevirt_configure Sluice_NVMe_pool_q4 >/tmp/uuids"
is "it has two" "$(wc -l </tmp/uuids)" 2
is "they are these" "$(mdevs)" "$(sort /tmp/uuids)"
is "none is left" "$(available pool-q4) $(available pool-q2)" "0 0"
is "named slices are" "$(available q2)" 3
check "KubeVirt: remove them" kubevirt_remove /tmp/uuids
wait_for 60 wiped

# Nova
check "Nova: create one" eval "nova_create sluice_nvme-pool-q2 >/tmp/uuid"
check "Nova: create another" eval "nova_create sluice_nvme-pool-q2 >/tmp/uuid2"
refuse "Nova: there is no third" nova_create sluice_nvme-pool-q2
slice_detach "$(cat /tmp/uuid)"
slice_detach "$(cat /tmp/uuid2)"
check "all are available again" eval "wait_for 60 wiped && [ \$(available pool-q2) = 2 ]"
