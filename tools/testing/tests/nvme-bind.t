#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# A drive moves between the stock driver and ours, keeps its data, and is an
# ordinary disk of the host under each driver.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

mib=$((1 << 20))
# The guide's parameters that have a default, and those of the modules
guide() { sed -nE 's/^``(sluice\w*)\.(\w+)`` +([0-9YN]+) .*/\1 \2 \3/p' /t/Documentation/admin-guide/sluice.rst; }
loaded() {
	local module name rest

	guide | while read -r module name rest; do
		echo "$module $name $(cat "/sys/module/$module/parameters/$name")"
	done
}
as_in_guide() { [ -n "$(guide)" ] && diff <(guide) <(loaded); }
plan 34
modprobe nvme
check "fill the drive" l0 fill main
check "the stock driver has the drive" drive_to main nvme
wait_for 10 drive_disk main >/dev/null
want=$(dd if="/dev/$(drive_disk main)" bs=1M count=4 iflag=direct 2>/dev/null | sha256sum)
model=$(sed 's/ *$//' "$(drive_sys main)"/nvme/nvme*/model)
drive_unbind "$(drive_bdf k4)"
check "the modules load" modules_load
check "their parameters are what the guide says" as_in_guide
is "a drive that nobody gave to our driver has none" "$(drive_driver k4)" none
check "ours has it" sluice_up main
sys=$(drive_sys main)
disk=$(drive_disk main)
like "its disk is called" "$disk" '^sluice[0-9]+n1$'
is "state" "$(cat "$sys/sluice/state")" live
is "model" "$(cat "$sys/sluice/model")" "$model"
is "serial" "$(cat "$sys/sluice/serial")" main
is "size" "$(cat "/sys/block/$disk/size")" 2097152
is "the data is the same" \
	"$(dd if="/dev/$disk" bs=1M count=4 iflag=direct 2>/dev/null | sha256sum)" "$want"
check "the host writes and verifies" fio --minimal --output=/dev/null --ioengine=libaio \
	--direct=1 --rw=randwrite --bsrange=512-256k --iodepth=32 --numjobs=2 --size=32m \
	--offset_increment=64m --verify=crc32c --verify_fatal=1 --verify_state_save=0 \
	--filename="/dev/$disk" --name=job
check "snapshot" l0 snapshot main
check "write zeroes" blkdiscard -f -z -o $((200 * mib)) -l $((4 * mib)) "/dev/$disk"
check "are zeroes on the drive" l0 zero main $((200 * mib)) $((4 * mib))
check "discard" blkdiscard -f -o $((210 * mib)) -l $((4 * mib)) "/dev/$disk"
check "nothing else changed" l0 same main $((200 * mib)) $((4 * mib)) $((210 * mib)) $((4 * mib))
check "flush" bash -c "dd if=/dev/zero of=/dev/$disk bs=4k count=1 seek=1000 conv=fsync,notrunc"
trace=/sys/kernel/tracing
echo 1 >$trace/events/block/block_rq_issue/enable
check "a write that has to reach the medium" dd if=/dev/zero of="/dev/$disk" bs=4k count=1 \
	seek=1001 oflag=direct,dsync conv=notrunc
echo 0 >$trace/events/block/block_rq_issue/enable
like "is one with FUA, no write and a flush" "$(cat $trace/trace)" 'block_rq_issue: .* WFS 4096 '
refuse "a drive with other data has no slice" ls -d /sys/class/sluice/*
check "partition it" table_write main "size=64MiB, type=L, name=one" "size=64MiB, type=L, name=two"
check "the kernel sees the partitions" test -b "/dev/${disk}p2"
check "a file system" mkfs.ext4 -q -F "/dev/${disk}p1"
mkdir -p /mnt
check "mounts" mount -t ext4 "/dev/${disk}p1" /mnt
check "and takes files" cp -a /usr/sbin/. /mnt/
sum=$(cd /mnt && find . -type f | sort | xargs cat | md5sum)
umount /mnt
check "unbind" drive_unbind "$(drive_bdf main)"
check "the disk is gone" test ! -e "/sys/block/$disk"
check "back to the stock driver" drive_to main nvme
wait_for 10 drive_disk main >/dev/null
disk=$(drive_disk main)
wait_for 10 test -b "/dev/${disk}p1"
check "the files are there" mount -t ext4 -o ro "/dev/${disk}p1" /mnt
is "every one of them" "$(cd /mnt && find . -type f | sort | xargs cat | md5sum)" "$sum"
umount /mnt

# Many times, to find a leak or a race at bind and unbind
round() { drive_to main sluice_nvme && drive_unbind "$(drive_bdf main)"; }
rounds() { for _ in 1 2 3 4 5 6 7 8; do round || return; done; }
check "eight times in and out" rounds
check "and the modules unload" modules_unload
