# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For what runs in L1: the drives, the modules under test, slices, and the way
# back to the state before. See Documentation/testing.rst.

SLICE_TYPE=f36cff12-a3fd-460d-82e4-5d53d3d81dc0

# Slots of the root ports; an L1 has the drives of one set, see machine.sh
declare -A DRIVE_SLOT=([main]=10 [k4]=11 [fail]=12 [hang]=13 [twin]=19
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

# losses_begin: count how often a poller gets no CPU for so long that the drive's
# interrupts are turned on; losses -> the number so far; losses_end: no more
L1_LOSSES=/sys/kernel/tracing/instances/losses
losses_begin() {
	mkdir $L1_LOSSES && echo 1 >$L1_LOSSES/events/sluice/sluice_poll_lost/enable
}
losses() { grep -c sluice_poll_lost: $L1_LOSSES/trace; }
losses_end() { rmdir $L1_LOSSES; }

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

# left_behind: print what there is that a test has to remove before it ends:
# mounts, mdevs, mapped and loop devices, programs that run. The drives and the
# modules may stay as they are. No process may be made for it, so it fills the
# array LEFT_BEHIND.
left_behind() {
	local path rest words

	LEFT_BEHIND=()
	while read -r rest path rest; do
		LEFT_BEHIND+=("mount $path")
	done </proc/mounts
	for path in /sys/bus/mdev/devices/* /sys/block/{dm-,md}* /sys/block/loop*/loop/backing_file; do
		[ ! -e "$path" ] || LEFT_BEHIND+=("device $path")
	done
	for path in /proc/[0-9]*; do
		# Neither a thread of the kernel nor a process that has ended
		mapfile -d '' -t words 2>/dev/null <"$path/cmdline" || continue
		[ ${#words[@]} = 0 ] ||
			LEFT_BEHIND+=("process ${path#/proc/} ${words[*]:0:8}")
	done
}

# remember: what is there before a test
remember() {
	left_behind
	L1_BEFORE=("${LEFT_BEHIND[@]}")
}

# more_than_before: is there anything that was not there?
more_than_before() {
	local thing before known

	left_behind
	LEFT_MORE=()
	for thing in "${LEFT_BEHIND[@]}"; do
		known=
		for before in "${L1_BEFORE[@]}"; do
			[ "$thing" != "$before" ] || known=1
		done
		[ -n "$known" ] || LEFT_MORE+=("$thing")
	done
	[ ${#LEFT_MORE[@]} -gt 0 ]
}
as_before() { ! more_than_before; }

# check_left: name what a test left behind; fails if it left anything. What has
# been killed may take a moment.
check_left() {
	wait_for 3 as_before || printf 'left behind: %s\n' "${LEFT_MORE[@]}"
	[ ${#LEFT_MORE[@]} = 0 ]
}

# remove_left: remove it
remove_left() {
	local i what name

	l2_kill_all
	more_than_before
	for ((i = ${#LEFT_MORE[@]} - 1; i >= 0; i--)); do
		read -r what name _ <<<"${LEFT_MORE[i]}"
		case "$what $name" in
		process*) kill -9 "$name" 2>/dev/null ;;
		mount*) umount "$name" ;;
		*/mdev/*) timeout 30 bash -c "echo 1 >'$name/remove'" ;;
		*/loop*) losetup -d "/dev/$(basename "${name%/loop/*}")" ;;
		*/dm-*) dmsetup remove "/dev/${name##*/}" ;;
		*/md*) mdadm --stop "/dev/${name##*/}" ;;
		esac
	done
}

# clean_up: back to the state before a test. Fails if anything had to be left.
clean_up() {
	local m d status=0

	remove_left
	for d in "${!DRIVE_SLOT[@]}"; do
		m=$(drive_bdf "$d") || continue
		drive_unbind "$m" || status=1
		echo >"/sys/bus/pci/devices/$m/driver_override"
	done
	modules_unload || status=1
	! have_module nvme || modprobe -qr nvme || true
	rm -rf /tmp/*
	wait_for 3 as_before || {
		printf 'cannot be removed: %s\n' "${LEFT_MORE[@]}"
		status=1
	}
	return $status
}

# shellcheck source=tools/testing/lib/tap.sh
. /t/tools/testing/lib/tap.sh
# shellcheck source=tools/testing/lib/l2.sh
. /t/tools/testing/lib/l2.sh
