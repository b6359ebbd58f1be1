#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# Queue types: the queues of a type are reserved, more are refused, and a guest
# may use fewer queues than its type allows.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid) b=$(new_uuid) c=$(new_uuid)
types() { echo "$(drive_sys "$1")"/mdev_supported_types/*; }
available() { cat "$(drive_type main "q$1")/available_instances"; }
pairs() { cat "$(drive_sys main)/sluice/queue_pairs_$1"; }

# available_instances of a type is the smaller one of what the free slices and
# what the free queue pairs allow
expect() {
	local slices=$1 n=$2 free

	free=$(($(pairs free) / n))
	echo $((free < slices ? free : slices))
}

plan 49
check "bind, four queue pairs for the host" sluice_up main host_queues=4
is "the drive has 16" "$(pairs total)" 16
is "the host has 4" "$(pairs host)" 4
is "12 are free" "$(pairs free)" 12
is "a type the drive could never serve is not there" \
	"$(types main | xargs -n 1 basename | paste -sd' ')" \
	"sluice_nvme-pool-q2 sluice_nvme-pool-q4 sluice_nvme-pool-q8 sluice_nvme-q2 sluice_nvme-q4 sluice_nvme-q8"
check "three slices" table_write main "size=16MiB, type=slice, uuid=$a, name=a" \
	"size=16MiB, type=slice, uuid=$b, name=b" "size=16MiB, type=slice, uuid=$c, name=c"
for n in 2 4 8; do
	is "q$n: available instances" "$(available $n)" "$(expect 3 $n)"
done
check "attach with 8" slice_attach main "$a" 8
is "4 are left" "$(pairs free)" 4
is "q8: none available" "$(available 8)" 0
errno_is "another with 8 is refused" ENOSPC slice_attach main "$b" 8
is "and takes nothing" "$(pairs free) $(slice_attr "$b" state)" "4 free"
check "one with 4 is not" slice_attach main "$b" 4
errno_is "then not even one with 2" ENOSPC slice_attach main "$c" 2
like "the log says why" "$(dmesg | tail -n 3)" "$c: 2 queue pairs asked for, 0 are free\$"

# With one vCPU Linux uses one queue out of eight
l2_start few "$a"
check "the guest is up" l2_up few
is "it uses one I/O queue of eight" \
	"$(l2_run few 'ls -d /sys/block/nvme0n1/mq/* | wc -l')" 1
is "it was granted all eight" \
	"$(l2_run few 'nvme get-feature /dev/nvme0 -f 7 | sed "s/.*://"')" "0x00070007"
check "and its I/O is right" l2_run few 'fio --minimal --output=/dev/null --ioengine=libaio --direct=1 --rw=randwrite --bs=8k \
	--iodepth=8 --size=8m --verify=crc32c --verify_fatal=1 --verify_state_save=0 --filename=/dev/nvme0n1 --name=job'
is "the reservation stays as the type says" "$(pairs free)" 0
l2_stop few
slice_detach "$a"
slice_detach "$b"
is "all pairs are back" "$(pairs free)" 12
check "attach with 2" slice_attach main "$a" 2
l2_start more vcpus=4 "$a"
check "a guest with more vCPUs than queues is up" l2_up more
is "it uses two" "$(l2_run more 'ls -d /sys/block/nvme0n1/mq/* | wc -l')" 2
l2_stop more
slice_detach "$a"

# The guest polls some of its queues, with interrupts off for these queues
check "attach with 4" slice_attach main "$a" 4
l2_start polling vcpus=2 "$a"
check "another guest is up" l2_up polling
check "its driver is to poll two queues" l2_run polling \
	'rmmod nvme && insmod /modules/nvme.ko poll_queues=2 && sleep 2'
is "it polls" "$(l2_run polling 'cat /sys/block/nvme0n1/queue/io_poll')" 1
check "and its I/O is right" l2_run polling 'fio --minimal --output=/dev/null --ioengine=pvsync2 --hipri --direct=1 --rw=randwrite --bs=8k \
	--size=8m --verify=crc32c --verify_fatal=1 --verify_state_save=0 --filename=/dev/nvme0n1 --name=job'
l2_stop polling
slice_detach "$a"

# A drive with enough queue pairs for the largest type
check "another drive" drive_to k4 sluice_nvme
like "the largest type is there" "$(types k4)" "/sluice_nvme-q16 "
for n in 2 16; do
	is "q$n: its name" "$(cat "$(drive_type k4 q$n)/name")" "Sluice NVMe q$n"
	is "q$n: what it is" "$(cat "$(drive_type k4 q$n)/description")" \
		"the slice with the UUID of the mdev, $n I/O queue pairs"
	is "pool-q$n: its name" "$(cat "$(drive_type k4 pool-q$n)/name")" "Sluice NVMe pool q$n"
	is "pool-q$n: what it is" "$(cat "$(drive_type k4 pool-q$n)/description")" \
		"any slice of the pool, $n I/O queue pairs"
done
check "a slice" table_write k4 "size=16MiB, type=slice, uuid=$c, name=c"
check "attach with 16" slice_attach k4 "$c" 16
l2_start most vcpus=4 "$c"
check "a guest is up" l2_up most
is "it was granted all 16" \
	"$(l2_run most 'nvme get-feature /dev/nvme0 -f 7 | sed "s/.*://"')" "0x000f000f"
check "and its I/O is right" l2_run most 'fio --minimal --output=/dev/null --ioengine=libaio --direct=1 --rw=randwrite --bs=8k \
	--iodepth=8 --numjobs=4 --size=2m --offset_increment=2m --verify=crc32c --verify_fatal=1 --verify_state_save=0 --filename=/dev/nvme0n1 --name=job'
l2_stop most
slice_detach "$c"

# However many the host may keep, the smallest type is left to guests
modules_unload
check "bind, a hundred queue pairs for the host" sluice_up main host_queues=100
is "the host has all but two" "$(pairs host) $(pairs free)" "14 2"
is "the smallest types are there" \
	"$(types main | xargs -n 1 basename | paste -sd' ')" "sluice_nvme-pool-q2 sluice_nvme-q2"
