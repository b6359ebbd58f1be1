# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Helpers for the two benchmarks with guests ("host" and "counted"): the drives,
# and how each path gives a part of a drive to a guest. Source after l1.sh.

# The drive "whole" is for vfio-pci, "sliced" for Sluice, "host" for nvme
drives_up() {
	modules_load
	modprobe -a vfio-pci nvme
	drive_to sliced sluice_nvme
	drive_to whole vfio-pci
	drive_to host nvme
	wait_for 60 drive_disk host >/dev/null
	host_controller=$(basename "$(drive_sys host)"/nvme/nvme*)
}

# nsid_slice NSID: make a slice that covers a namespace of the drive "sliced", and
# print its UUID
nsid_slice() {
	local disk uuid

	disk=$(drive_disk sliced)
	uuid=$(new_uuid)
	echo "type=$SLICE_TYPE, uuid=$uuid" |
		sfdisk -q --label gpt "/dev/${disk%n*}n$1" >&2 || return
	echo "$uuid"
}

# host_disk NSID: print the disk for namespace NSID of the drive "host"
host_disk() { echo "$host_controller"n"$1"; }

# path_options PATH WHAT: fill the array PATH_OPTIONS with options for l2_start.
# WHAT is a slice's UUID, a disk of the host, or a SCSI target.
# shellcheck disable=SC2034 # for who sources this
path_options() {
	local backend=driver=host_device,cache.direct=on,aio=io_uring,node-name=disk

	case $1 in
	vfio-pci-iommu)
		PATH_OPTIONS=(iommu "qemu=-device" "qemu=vfio-pci,host=$(drive_bdf whole)") ;;
	slice-iommu)
		PATH_OPTIONS=(iommu "$2") ;;
	vfio-pci)
		PATH_OPTIONS=("qemu=-device" "qemu=vfio-pci,host=$(drive_bdf whole)") ;;
	slice | slice-*)
		PATH_OPTIONS=("$2") ;;
	virtio-blk)
		PATH_OPTIONS=("qemu=-object" "qemu=iothread,id=io"
			"qemu=-blockdev" "qemu=$backend,filename=/dev/$2"
			"qemu=-device" "qemu=virtio-blk-pci,drive=disk,iothread=io") ;;
	qemu-nvme)
		PATH_OPTIONS=("qemu=-blockdev" "qemu=$backend,filename=/dev/$2"
			"qemu=-device" "qemu=nvme,drive=disk,serial=qemu") ;;
	vhost-scsi)
		PATH_OPTIONS=("qemu=-device" "qemu=vhost-scsi-pci,wwpn=$2") ;;
	esac
}
