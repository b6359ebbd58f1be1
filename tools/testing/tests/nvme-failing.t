#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# A drive fails reads of one sector and writes of another: only the guest that
# owns the sector gets the error, as the drive's own status.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

# See blkdebug_rules in machine.sh: from 32 MiB on, LBA 2048 and LBA 4096
read -ra options <<<"${GUESTS_OPTIONS-}"
a=$(new_uuid) b=$(new_uuid)
provokes host 'critical medium error, dev sluice[0-9]+n1, sector 67584'
provokes host 'Buffer I/O error on dev sluice[0-9]+n1'
provokes one 'critical medium error, dev nvme0n1, sector 2048'
plan 20
check "bind the drive" sluice_up fail
disk=$(drive_disk fail)
check "two slices and a partition" table_write fail \
	"start=32MiB, size=32MiB, type=slice, uuid=$a, name=bad" \
	"size=32MiB, type=slice, uuid=$b, name=good" "size=32MiB, type=L, name=host"
check "attach the bad one" slice_attach fail "$a"
check "attach the good one" slice_attach fail "$b"
l2_start one "${options[@]}" "$a"
l2_start two "${options[@]}" "$b"
check "guest one is up" l2_up one
check "guest two is up" l2_up two

fio='fio --minimal --output=/dev/null --ioengine=libaio --direct=1 --rw=randwrite --bs=16k --iodepth=8 --size=16m
	--verify=crc32c --verify_fatal=1 --verify_state_save=0 --filename=/dev/nvme0n1 --name=job'
fio=$(tr '\n\t' '  ' <<<"$fio")
l2_send two "$fio"
nvme_read='nvme read /dev/nvme0n1 -s 2048 -c 0 -z 512 -d /tmp/data 2>&1'
like "a read of the bad sector has the drive's status" "$(l2_run one "$nvme_read")" \
	'[Uu]nrecovered Read|UNRECOVERED|0x281|READ_ERROR|Media'
like "a write of the other one too" \
	"$(l2_run one 'head -c 512 /dev/zero >/tmp/data; nvme write /dev/nvme0n1 -s 4096 -c 0 -z 512 -d /tmp/data 2>&1')" \
	'[Ww]rite Fault|WRITE_FAULT|0x280|Media'
errno_is "the guest's block layer reports it" ENODATA l2_run one \
	'dd if=/dev/nvme0n1 of=/dev/null bs=4k skip=256 count=1 iflag=direct'
check "the next block is all right" l2_run one \
	'dd if=/dev/nvme0n1 of=/dev/null bs=512 skip=2049 count=1 iflag=direct'
errno_is "a large read across it fails" ENODATA l2_run one \
	'dd if=/dev/nvme0n1 of=/dev/null bs=1M count=3 iflag=direct'
check "and I/O elsewhere goes on" l2_run one \
	"$fio --offset=8m"
check "guest two saw nothing of it" l2_wait two
like "neither in its kernel log" "$(grep -ciE 'nvme.*error|I/O error|critical' "$L2_RUN/two/console")" '^0$'
check "nor did the host" dd if="/dev/${disk}p3" of=/dev/null bs=1M iflag=direct
is "the drive is live" "$(cat "$(drive_sys fail)/sluice/state")" live
l2_stop one
l2_stop two
check "detach the bad one" slice_detach "$a"
check "detach the good one" slice_detach "$b"
errno_is "the host gets the error too, once the slice is its own" ENODATA \
	dd if="/dev/${disk}p1" of=/dev/null bs=512 skip=2048 count=1 iflag=direct
check "and can read around it" dd if="/dev/${disk}p1" of=/dev/null bs=512 count=2048 iflag=direct
