#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# What the host writes: a slice of the pool that the host wrote to is wiped again
# before a guest gets it, a slice that a guest has or that is being wiped is out of
# the host's reach, no write of the host comes late, and what the guest had is
# wiped even if its partition shrank meanwhile.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

mib=$((1 << 20))
a=$(new_uuid) pool=$(new_uuid) spare=$(new_uuid)
# The host's refused writes, and the drive that cannot wipe
provokes host 'I/O error, dev sluice[0-9]+n1, sector [0-9]+ op 0x1:\(WRITE\)'
provokes host 'Buffer I/O error on dev sluice[0-9]+n1p1, .* lost async page write'
provokes host 'critical medium error, dev sluice[0-9]+n1, sector 69632 op 0x9:\(WRITE_ZEROES\)'
tolerates host 'critical medium error, dev sluice[0-9]+n1, sector 67584 op 0x0:\(READ\)'
tolerates host 'Buffer I/O error on dev sluice[0-9]+n1, logical block 8448'
plan 47
check "fill the drive" l0 fill main
check "bind it" sluice_up main
disk=$(drive_disk main)
check "a slice, a slice of the pool, and a partition of the host" table_write main \
	"start=1MiB, size=16MiB, type=slice, uuid=$a, name=a" \
	"size=16MiB, type=slice, uuid=$pool, name=pool, attrs=GUID:48" \
	"size=16MiB, type=L, name=host"
freed() { [ "$(slice_attr "$1" state)" = free ]; }
# use DRIVE SLICE: attach it under a UUID of nobody, detach it, wait for its wipe
use() {
	local m

	m=$(new_uuid)
	slice_attach_pool "$1" "$m" && slice_detach "$m" && wait_for 60 freed "$2"
}
zeroed() { l0 zero main $((17 * mib)) $((16 * mib)); }
pattern() { head -c "$1" /dev/zero | tr '\0' x; }

refuse "a slice of another tool's making holds old data" zeroed
check "its first guest" use main "$pool"
check "finds zeroes" zeroed

# The host writes to what was wiped
# dirty WHAT COMMAND...: COMMAND writes; the next guest finds zeroes
dirty() {
	local what=$1 m
	shift

	m=$(new_uuid)
	check "the host writes, $what" "$@"
	check "the next guest" slice_attach_pool main "$m"
	check "finds zeroes" zeroed
	slice_detach "$m"
	wait_for 60 freed "$pool"
}
by_partition() { pattern 4096 | dd of="/dev/${disk}p2" bs=4k seek=1000 oflag=direct; }
through_cache() { pattern 4096 | dd of="/dev/${disk}p2" bs=4k seek=2000 conv=notrunc; }
by_disk() { pattern 512 | dd of="/dev/$disk" bs=512 seek=$((33 * 2048 - 1)) oflag=direct; }
by_mkfs() { mkfs.ext4 -qF "/dev/${disk}p2"; }
dirty "by the partition" by_partition
dirty "through the page cache" through_cache
dirty "by the whole disk, the last block" by_disk
dirty "a file system" by_mkfs
writes() { awk '{ print $5 }' "/sys/block/$disk/stat"; }
pattern 4096 | dd of="/dev/${disk}p3" bs=4k oflag=direct 2>/dev/null
before=$(writes)
check "one that nobody wrote to" slice_attach_pool main "$spare"
check "is not wiped once more" test $(($(writes) - before)) -lt 4
slice_detach "$spare"
wait_for 60 freed "$pool"

# Reach
by_dd() { pattern 4096 | dd of="$1" bs=4k seek="$2" oflag=direct conv=notrunc; }
exec 9<>"/dev/${disk}p1"
check "attach while root has the partition open" slice_attach main "$a"
l0 snapshot main
pattern 4096 >&9
refuse "a write through the open file does not arrive" sync "/dev/${disk}p1"
refuse "nor one by the partition" by_dd "/dev/${disk}p1" 5
refuse "nor one by the whole disk" by_dd "/dev/$disk" 300
check "nothing has changed" l0 same main
like "the log names the slice" "$(dmesg)" "$disk: the host's write .* refused: partition 1 is a guest's"
check "beside it the host can write" by_dd "/dev/${disk}p3" 0
check "the guest writes where the host's page is" l0 scribble main $mib $((16 * mib))
check "detach" slice_detach "$a"
is "then the host reads what the guest wrote" "$(dd bs=4k count=1 <"/dev/${disk}p1" 2>/dev/null | sha256sum)" \
	"$(dd if="/dev/${disk}p1" bs=4k count=1 iflag=direct 2>/dev/null | sha256sum)"
refuse "and not what it wrote itself" grep -q xxxx <(head -c 4096 "/dev/${disk}p1" | tr '\0' ' ')
exec 9<&-
check "and can write again" by_dd "/dev/${disk}p1" 0

# Late writes
# throttle BYTES: have the drive take so many bytes each second; 0 for no limit. The
# first write is taken at once, the next one has to wait
throttle() { l0 monitor block_set_io_throttle ns-main1 0 0 "$1" 0 0 0; }
in_flight() { awk '{ print $2 }' "/sys/block/$disk/inflight"; }
under_way() { [ "$(in_flight)" = 1 ]; }
check "a slow drive" throttle 8192
pattern $((256 << 10)) | dd of="/dev/${disk}p3" bs=256k oflag=direct iflag=fullblock conv=notrunc
by_dd "/dev/${disk}p1" 0 &
check "a write of the host to a slice is under way" wait_for 20 under_way
{ sleep 3; throttle 0; } &
check "attach" slice_attach main "$a"
is "no write comes after that" "$(in_flight)" 0
wait
slice_detach "$a"
m=$(new_uuid)
check "attach the slice of the pool" slice_attach_pool main "$m"
throttle 65536
slice_detach "$m"
is "it is being wiped" "$(slice_attr "$pool" state)" wiping
{ sleep 3; throttle 0; } &
refuse "the host cannot write to it meanwhile" by_partition
wait
wait_for 60 freed "$pool"
check "the next guest" slice_attach_pool main "$m"
check "finds zeroes" zeroed
slice_detach "$m"
wait_for 60 freed "$pool"

# Shrunk while a guest has it
m=$(new_uuid)
check "attach the slice of the pool" slice_attach_pool main "$m"
check "its partition shrinks" resizepart "/dev/$disk" 2 $((8 * 2048))
l0 scribble main $((17 * mib)) $((16 * mib))
slice_detach "$m"
wait_for 60 freed "$pool"
check "all that the guest had is wiped" zeroed

# A slice that cannot be wiped: see blkdebug_rules in machine.sh
sluice_up fail
table_write fail "start=32MiB, size=8MiB, type=slice, uuid=$(new_uuid), name=bad, attrs=GUID:48" \
	"size=8MiB, type=slice, uuid=$spare, name=good, attrs=GUID:48"
check "another slice of the pool stands in" slice_attach_pool fail "$m"
is "the good one" "$(slice_attr "$spare" mdev)" "$m"
errno_is "and when there is no other, the error is said" EIO slice_attach_pool fail "$(new_uuid)"
slice_detach "$m"
