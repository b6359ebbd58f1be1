#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# libvirt starts a guest with the lines that the administrator's guide gives, as
# the user that libvirt has for QEMU and with the limits that libvirt sets. The
# guest uses its slice, and gives it back while it runs.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid)
dir=$L2_RUN/one
tool() { /out/bin/sluicectl "$@"; }

# What is made by the package with libvirt's service, and the modes by udev. There
# is no AppArmor here, and no daemon for the output of QEMU.
prepare_host() {
	cp /etc/passwd /etc/group /etc/shadow /etc/gshadow . &&
		useradd -r -U -G kvm libvirt-qemu && mkdir -p /var/log/libvirt &&
		chgrp kvm /dev/kvm && chmod 660 /dev/kvm &&
		cat >/etc/libvirt/qemu.conf <<-END
		security_driver = "none"
		stdio_handler = "file"
		END
}
libvirt_up() { libvirtd -d && wait_for 60 virsh -q uri; }
libvirt_down() {
	local pid

	pid=$(pidof libvirtd) && kill "$pid" && wait_for 30 no_libvirt
	rm -rf /etc/libvirt/qemu.conf /run/libvirt* /var/{lib,cache,log}/libvirt/qemu
	cp passwd group shadow gshadow /etc/
}
no_libvirt() { ! pidof libvirtd >/dev/null; }

# The lines of the guide, for this slice
hostdev() {
	sed -n '/<hostdev /,/<\/hostdev>/p' /t/Documentation/admin-guide/sluice.rst |
		sed "s/UUID/$a/"
}
domain() {
	cat <<-END
	<domain type='kvm'>
	  <name>one</name>
	  <memory unit='MiB'>384</memory>
	  <os>
	    <type arch='x86_64' machine='q35'>hvm</type>
	    <kernel>/l2/vmlinux</kernel>
	    <initrd>/l2/initrd</initrd>
	    <cmdline>$L2_CMDLINE</cmdline>
	  </os>
	  <features><acpi/></features>
	  <cpu mode='host-passthrough'/>
	  <devices>
	    <emulator>/usr/bin/qemu-system-x86_64</emulator>
	    <controller type='usb' model='none'/>
	    <memballoon model='none'/>
	    <serial type='file'><source path='$dir/console'/></serial>
	    <channel type='pipe'>
	      <source path='$dir/agent'/><target type='virtio' name='agent'/>
	    </channel>
	    $(hostdev)
	  </devices>
	</domain>
	END
}
state() { virsh domstate one; }
qemu_user() { stat -c %U "/proc/$(l2_pid one)"; }
no_mdev_in_guest() { ! virsh dumpxml one | grep -q "$a"; }

tap_end_libvirt() {
	local status=$?

	[ "$BASHPID" != "$TAP_SHELL" ] || libvirt_down >&2
	return "$status"
}

plan 21
trap 'tap_end_libvirt; tap_end' EXIT
check "bind the drive" sluice_up main
check "a slice" table_write main "size=64MiB, type=slice, uuid=$a, name=web"
check "attach" tool attach web
check "libvirt's user" prepare_host
check "libvirt" libvirt_up || exit
hostdev >hostdev.xml
domain >domain.xml
check "define the guest" virsh define domain.xml
l2_ready one
chmod 666 "$dir"/agent.*
check "start it" virsh start one || exit
cp /run/libvirt/qemu/one.pid "$dir/pid"
check "it is up" l2_up one
is "its QEMU is not root's" "$(qemu_user)" libvirt-qemu
like "which may lock as much memory as the guide wants" \
	"$(prlimit --memlock -o SOFT --noheadings -p "$(l2_pid one)")" '^unlimited|^[0-9]{9,}$'
check "it writes to its slice" l2_run one \
	'mkfs.ext4 -q -F /dev/nvme0n1 && mount -t ext4 /dev/nvme0n1 /mnt && fio --output-format=terse \
	--name=job --filename=/mnt/file --size=8m --rw=randwrite --bs=16k --verify=crc32c && umount /mnt'
refuse "detaching the slice is refused" tool detach web
check "libvirt takes it from the guest" virsh detach-device one hostdev.xml --live
check "the guest lets it go" wait_for 60 no_mdev_in_guest
check "now it can be detached" tool detach web
check "and attached again" tool attach web
check "destroy the guest" virsh destroy one
is "it is off" "$(state | xargs)" "shut off"
l2_forget one
check "undefine it" virsh undefine one
check "detach" tool detach web
is "the slice is free" "$(slice_attr "$a" state)" free
