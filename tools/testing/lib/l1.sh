# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For what runs in L1: the drives, the modules under test, slices, and the way
# back to the state before. See Documentation/testing.rst.

SLICE_TYPE=f36cff12-a3fd-460d-82e4-5d53d3d81dc0

# Slots of the root ports; an L1 has the drives of one set, see machine.sh
declare -A DRIVE_SLOT=([main]=10 [k4]=11 [fail]=12 [hang]=13
	[whole]=14 [sliced]=15 [host]=16)

# The port that a drive is behind; without ports, the drive itself
drive_port() { echo "0000:00:${DRIVE_SLOT[$1]}.0"; }

# drive_bdf NAME -> the PCI address of a drive
drive_bdf() {
	local path class

	path=/sys/bus/pci/devices/$(drive_port "$1")
	for path in "$path"/0000:* "$path"; do
		{ read -r class <"$path/class"; } 2>/dev/null || continue
		[ "$class" != 0x010802 ] || { echo "${path##*/}"; return; }
	done
	return 1
}

drive_sys() { echo "/sys/bus/pci/devices/$(drive_bdf "$1")"; }

# drive_on DRIVE NODE, as an admin says it whose firmware does not
drive_on() { echo "$2" >"$(drive_sys "$1")/numa_node"; }

# What built-in drivers took at boot
release_drives() {
	local d bdf

	for d in "${!DRIVE_SLOT[@]}"; do
		bdf=$(drive_bdf "$d") || continue
		drive_unbind "$bdf"
	done
}

drive_unbind() {
	local dev=/sys/bus/pci/devices/$1

	[ ! -e "$dev/driver" ] || echo "$1" >"$dev/driver/unbind"
}

# drive_to NAME DRIVER
drive_to() {
	local bdf

	bdf=$(drive_bdf "$1") || return
	drive_unbind "$bdf" || return
	echo "$2" >"/sys/bus/pci/devices/$bdf/driver_override" || return
	echo "$bdf" >/sys/bus/pci/drivers_probe || return
	[ "$(drive_driver "$1")" = "$2" ]
}

# drive_driver NAME -> the driver that is bound to a drive, or "none"
drive_driver() {
	local dev

	dev=/sys/bus/pci/devices/$(drive_bdf "$1") || return
	if [ -e "$dev/driver" ]; then
		basename "$(readlink "$dev/driver")"
	else
		echo none
	fi
}

# The block device of a drive's first namespace, e.g. sluice0n1. The stock
# driver may hang it under the controller or, with multipath, the subsystem.
drive_disk() {
	local sys controller subsystem path

	sys=$(drive_sys "$1")
	for path in "$sys"/block/* "$sys"/nvme/*/nvme*n*; do
		case ${path##*/} in
		nvme*c*n*) continue ;; # a path to a disk of the multipath core
		esac
		[ ! -e "$path/dev" ] || { echo "${path##*/}"; return; }
	done
	controller=$(basename "$sys"/nvme/nvme*)
	for subsystem in /sys/class/nvme-subsystem/*; do
		[ -e "$subsystem/$controller" ] || continue
		for path in "$subsystem"/nvme*n*; do
			[ ! -e "$path/dev" ] || { echo "${path##*/}"; return; }
		done
	done
	return 1
}

# port_without_hotplug PORT: of the port's services the others are left
port_without_hotplug() {
	echo "$1:pcie004" >/sys/bus/pci_express/drivers/pciehp/unbind
}

have_module() { [ -e "/sys/module/$1" ]; }

# The modules' KUnit tests run whenever they are loaded on the debug kernel,
# which takes a while: only where they are wanted
kunit_only() {
	local filter=/sys/module/kunit/parameters/filter_glob

	# The end of a line would be part of it
	[ ! -e $filter ] || printf %s "$1" >$filter
}

# What the modules under test need of the kernel
modules_prepare() {
	kunit_only "${KUNIT_SUITES:-none}"
	have_module mdev || modprobe -q mdev || insmod /out/mods/mdev.ko || return
	have_module vfio_iommu_type1 || modprobe vfio_iommu_type1 || return
	have_module kvm_amd || modprobe kvm_amd
}

# modules_load [PARAMETER=VALUE...], the latter for sluice_nvme
modules_load() {
	modules_prepare || return
	have_module sluice || insmod /out/mods/sluice.ko || return
	have_module sluice_nvme || insmod /out/mods/sluice_nvme.ko "$@"
}

modules_unload() {
	local m status=0

	for m in sluice_sample sluice_nvme sluice; do
		! have_module $m || rmmod $m || status=1
	done
	return $status
}

# sluice_up DRIVE [PARAMETER=VALUE...]: modules and binding in one go
sluice_up() {
	local drive=$1
	shift

	modules_load "$@" && drive_to "$drive" sluice_nvme
}

rescan() { echo 1 >"$(drive_sys "$1")/sluice/rescan"; }

# new_uuid -> a random one, in lower case
new_uuid() { cat /proc/sys/kernel/random/uuid; }

# table_write DRIVE LINE...: a new GPT; each LINE as sfdisk takes it, where
# type=slice stands for our type GUID
table_write() {
	local drive=$1 disk
	shift

	disk=$(drive_disk "$drive") || return
	{
		echo "label: gpt"
		printf '%s\n' "$@" | sed "s/type=slice/type=$SLICE_TYPE/"
	} | sfdisk -q --wipe always --wipe-partitions always "/dev/$disk" || return
	rescan "$drive"
}

# slice_dir UUID -> its directory in sysfs
slice_dir() {
	local path

	for path in /sys/class/sluice/*; do
		if [ "$(cat "$path/uuid" 2>/dev/null)" = "$1" ]; then
			echo "$path"
			return
		fi
	done
	return 1
}

slice_attr() { cat "$(slice_dir "$1")/$2"; }

# drive_type DRIVE TYPE -> the directory of an mdev type, such as q2 or pool-q2
drive_type() { echo "$(drive_sys "$1")/mdev_supported_types/sluice_nvme-$2"; }

# slice_attach DRIVE UUID [QUEUES]: a slice that is not in the pool
slice_attach() { echo "$2" >"$(drive_type "$1" "q${3:-2}")/create"; }

# slice_attach_pool DRIVE UUID [QUEUES]: any slice of the pool
slice_attach_pool() { echo "$2" >"$(drive_type "$1" "pool-q${3:-2}")/create"; }

slice_detach() { echo 1 >"/sys/bus/mdev/devices/$1/remove"; }

# Attributes of an attached slice: slice_faults UUID, slice_poll_us UUID,
# slice_set_poll_us UUID US
slice_faults() { cat "/sys/bus/mdev/devices/$1/sluice/doorbell_faults"; }
slice_poll_us() { cat "/sys/bus/mdev/devices/$1/sluice/poll_us"; }
slice_set_poll_us() { echo "$2" >"/sys/bus/mdev/devices/$1/sluice/poll_us"; }

# slices_open UUID...: have slices in use, until "slices_close $!"
slices_open() {
	/out/bin/vfio/nvme_scale mapped 0 600 "$@" >/dev/null 2>&1 &
	wait_for 60 has_slices $! $#
}
# has_slices PID NUMBER
has_slices() { [ "$(readlink "/proc/$1"/fd/* | grep -c vfio-device)" = "$2" ]; }
slices_close() {
	kill -9 "$1"
	wait "$1" 2>/dev/null
}

# Processes that are pollers
poller_pids() { grep -ls '^sluice_poll/' /proc/[0-9]*/comm | cut -d/ -f3; }
no_poller() { [ -z "$(poller_pids)" ]; }

# Name and CPUs of each, as "sluice_poll/0 on 0-1,sluice_poll/1 on 0-1"
pollers() {
	local pid

	for pid in $(poller_pids); do
		echo "$(cat "/proc/$pid/comm") on $(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$pid/status")"
	done | sort | paste -sd,
}

# Interrupts of all of the drives' queues so far
queue_interrupts() {
	awk '$NF ~ /^sluice[0-9]+q[0-9]+$/ { for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i }
		END { print n + 0 }' /proc/interrupts
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
	local end=$((SECONDS + $1))
	shift

	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		nap
	done
}

# A fifth of a second, without a process
exec {L1_NEVER}<> <(:)
nap() { read -r -t 0.2 -u "$L1_NEVER" || true; }

# l0 REQUEST ARGUMENT...: have L0 do something to the machine (l0-hooks.sh),
# print what it says, return its status
l0() {
	local reply=/out/l0/reply

	rm -f $reply
	printf '%s\n' "$*" >/out/l0/request.tmp
	mv /out/l0/request.tmp /out/l0/request
	until [ -e $reply ]; do
		nap
	done
	sed 1d $reply
	return "$(head -n 1 $reply)"
}

# clean_up: back to the state before a test. Fails if anything had to be left.
clean_up() {
	local m d status=0

	l2_kill_all
	for m in /sys/bus/mdev/devices/*; do
		[ -e "$m" ] || continue
		echo "left over: mdev ${m##*/}"
		timeout 30 bash -c "echo 1 >'$m/remove'" || status=1
	done
	awk '$2 ~ "^/mnt" { print $2 }' /proc/mounts | while read -r d; do
		umount "$d"
	done
	for d in "${!DRIVE_SLOT[@]}"; do
		m=$(drive_bdf "$d") || continue
		drive_unbind "$m" || status=1
		echo >"/sys/bus/pci/devices/$m/driver_override"
	done
	modules_unload || status=1
	! have_module nvme || modprobe -qr nvme || true
	rm -rf /tmp/*
	return $status
}

# shellcheck source=tools/testing/lib/tap.sh
. /t/tools/testing/lib/tap.sh
# shellcheck source=tools/testing/lib/l2.sh
. /t/tools/testing/lib/l2.sh
