#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# The main test: two guests write and verify their slices while the host does
# the same on a partition of the same drive; nothing else on the drive changes.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

drive=${GUESTS_DRIVE:-main}
read -ra options <<<"${GUESTS_OPTIONS-}"
mib=$((1 << 20))
a=$(new_uuid) b=$(new_uuid) canary=$(new_uuid)

plan 35
check "fill the drive" l0 fill "$drive"
check "bind the drive" sluice_up "$drive"
disk=$(drive_disk "$drive")
check "cut it up" table_write "$drive" \
	"start=1MiB, size=64MiB, type=slice, uuid=$a, name=alpha" \
	"size=16MiB, type=slice, uuid=$canary, name=canary" \
	"size=64MiB, type=slice, uuid=$b, name=beta" \
	"size=48MiB, type=L, name=host"
for s in $a $canary $b; do
	is "$(slice_attr "$s" name) is free" "$(slice_attr "$s" state)" free
done
check "snapshot of the drive" l0 snapshot "$drive"

check "attach alpha" slice_attach "$drive" "$a" 2
check "attach beta" slice_attach "$drive" "$b" 2
is "alpha is attached" "$(slice_attr "$a" state)" attached
is "alpha names its mdev" "$(slice_attr "$a" mdev)" "$a"
l2_start one vcpus=2 "${options[@]}" "$a"
l2_start two "${options[@]}" "$b"
check "guest one is up" l2_up one
check "guest two is up" l2_up two

# Print one line about a guest's disk, as the guest sees it
seen='
cd /sys/class/nvme/nvme0 || exit
echo "$(cat model | sed "s/ *$//") / $(cat serial | sed "s/ *$//") / $(($(cat nvme0*n1/size) * 512)) / $(ls -d nvme0*n* | wc -l)"'
# The last twelve digits of the UUID are folded onto the twelve before them
serial_of() {
	local hex=${1//-/}

	printf '%s%012x' "${hex:0:8}" $((16#${hex:8:12} ^ 16#${hex:20:12}))
}
expected() {
	echo "Sluice NVMe slice / $(serial_of "$1") / $((64 * mib)) / 1"
}
is "QEMU warns of no missing error recovery" \
	"$(grep -ic 'error recovery' "$L2_RUN/one/qemu.log")" 0
is "guest one sees its slice" "$(l2_run one "$seen")" "$(expected "$a")"
is "guest two sees its slice" "$(l2_run two "$seen")" "$(expected "$b")"
ids='cat /sys/block/nvme0n1/uuid /sys/block/nvme0n1/nguid'
is "its UUID and NGUID are the slice's" "$(l2_run one "$ids")" "$a
$a"

# The bytes are those of the drive, at the right place
head_of='dd if=/dev/nvme0n1 bs=1M count=8 iflag=direct 2>/dev/null | sha256sum | cut -d" " -f1'
is "guest one reads its part of the drive" "$(l2_run one "$head_of")" \
	"$(l0 sha "$drive" "$(slice_attr "$a" start_bytes)" $((8 * mib)))"
is "guest two reads its part of the drive" "$(l2_run two "$head_of")" \
	"$(l0 sha "$drive" "$(slice_attr "$b" start_bytes)" $((8 * mib)))"
tail_of='dd if=/dev/nvme0n1 bs=1M skip=63 iflag=direct 2>/dev/null | sha256sum | cut -d" " -f1'
is "guest two reads the end of it" "$(l2_run two "$tail_of")" \
	"$(l0 sha "$drive" $(($(slice_attr "$b" start_bytes) + 63 * mib)) $mib)"

fio='fio --minimal --output=/dev/null --ioengine=libaio --direct=1 --rw=randwrite --bsrange=4k-128k --iodepth=16
	--verify=crc32c --verify_fatal=1 --verify_state_save=0 --randrepeat=0 --name=job'
fio=$(tr '\n\t' '  ' <<<"$fio")
# Guest one: two jobs on two queues; guest two: one job, up to the last block
l2_send one "$fio --filename=/dev/nvme0n1 --numjobs=2 --size=12m --offset_increment=20m"
l2_send two "$fio --filename=/dev/nvme0n1 --offset=40m --size=24m"
$fio --filename="/dev/${disk}p4" --size=32m >/tmp/host.log 2>&1 &
host=$!
check "guest one writes and verifies" l2_wait one
check "guest two writes and verifies" l2_wait two
check "the host writes and verifies meanwhile" wait $host

# Directly to the controller: the guest's block layer would stop these commands
raw='b=$(cat /sys/block/nvme0n1/queue/logical_block_size)
last=$(($(cat /sys/block/nvme0n1/size) * 512 / b - 1))
head -c $((8 * b)) /dev/zero >/tmp/zero
nvme_at() { nvme "$1" /dev/nvme0n1 -s "$2" -c "$3" -z $((($3 + 1) * b)) -d /tmp/"$4" 2>&1; }
'
beyond='LBA Out of Range'
check "guest one can read its last block" l2_run one "$raw"'nvme_at read $last 0 data'
like "but not the one after" "$(l2_run one "$raw"'nvme_at read $((last + 1)) 0 data')" "$beyond"
like "nor across its end" "$(l2_run one "$raw"'nvme_at read $((last - 3)) 7 data')" "$beyond"
like "nor write across its end" "$(l2_run one "$raw"'nvme_at write $((last - 3)) 7 zero')" "$beyond"
like "nor at a block number that wraps around" \
	"$(l2_run one "$raw"'nvme_at write 18446744073709551612 7 zero')" "$beyond"

check "stop guest one" l2_stop one
check "stop guest two" l2_stop two
check "detach alpha" slice_detach "$a"
check "detach beta" slice_detach "$b"
is "both are free again" "$(slice_attr "$a" state) $(slice_attr "$b" state)" "free free"
sync
host_start=$(($(cat "/sys/block/$disk/${disk}p4/start") * 512))
host_size=$(($(cat "/sys/block/$disk/${disk}p4/size") * 512))
check "every byte outside the slices and the host's partition is as before" \
	l0 same "$drive" \
	"$(slice_attr "$a" start_bytes)" "$(slice_attr "$a" size_bytes)" \
	"$(slice_attr "$b" start_bytes)" "$(slice_attr "$b" size_bytes)" \
	"$host_start" "$host_size"
refuse "and the slices themselves did change" l0 same "$drive" \
	"$host_start" "$host_size"
