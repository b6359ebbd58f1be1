#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Partition tables on image files: other tools can read our tables, we can read
# theirs, and nothing outside a new or destroyed slice changes.
# shellcheck source=tools/sluicectl/tests/lib.sh
. "$(dirname "$0")/lib.sh"

type=F36CFF12-A3FD-460D-82E4-5D53D3D81DC0
uuid=11111111-2222-3333-4444-555555555555
mib=1048576
begin 70

# sound WHAT IMAGE: check that sgdisk and sfdisk report no problem
sound() {
	local bad=0

	sgdisk -v "$2" | grep -q "No problems found" || bad=1
	sfdisk -V "$2" 2>&1 | grep -q "No errors detected" || bad=1
	result $bad "$1"
	[ $bad = 0 ] || diag "$(sgdisk -v "$2"; sfdisk -V "$2" 2>&1)"
}

image disk.img 256M
gives "the first slice on a blank disk" 0 "created slice 'alpha' \($uuid\) of 64 MiB" \
	create disk.img --name alpha --size 64M --uuid $uuid
sound "the table is sound" disk.img
is "the entry" "$(table disk.img)" "1 2048 131072 alpha "
is "its type" "$(sfdisk --part-type disk.img 1)" $type
is "its UUID" "$(sfdisk --part-uuid disk.img 1 | tr '[:upper:]' '[:lower:]')" $uuid
gives "a pool member" 0 "created slice 'pööl'" create disk.img --name pööl --size 32M --pool
is "its attribute is bit 48" "$(sfdisk --part-attrs disk.img 2)" "GUID:48"
is "its name, as sgdisk reads it" \
	"$(sgdisk -i 2 disk.img | sed -n "s/^Partition name: '\(.*\)'/\1/p")" "pööl"
run create disk.img --name rest --size max --json
is "JSON of a slice" "$(json '[.version, .slice.name, .slice.partition, .slice.pool,
	.slice.start_bytes, .slice.size_bytes] | join(" ")')" \
	"1 rest 3 false $((97 * mib)) $((158 * mib))"
sound "the full table is sound" disk.img
gives "no room" 5 "has no free space" create disk.img --name x --size 1M
gives "no room for max" 5 "has no free space" create disk.img --name x --size max

gives "a name that is taken" 5 "has a slice named 'alpha' already" \
	create disk.img --name alpha --size 1M
gives "a UUID that is taken" 5 "belongs to partition 1" \
	create disk.img --name x --size 1M --uuid ${uuid^^}
gives "destroy in a file that is not there" 3 "no disk or image file 'nosuch.img'" \
	destroy x --disk nosuch.img
gives "destroy what is not there" 3 "no slice 'x' in disk.img" destroy x --disk disk.img
before=$(table disk.img; sha256sum disk.img)
gives "destroy, dry run" 0 "would remove entry 2 \(name 'pööl'" \
	destroy pööl --disk disk.img --dry-run
gives "create, dry run" 5 "no free space" create disk.img --name y --size 1M --dry-run
is "dry runs change nothing" "$(table disk.img; sha256sum disk.img)" "$before"
gives "destroy" 0 "destroyed slice 'pööl'.* 32 MiB are free" destroy pööl --disk disk.img
is "the others stay" "$(table disk.img | cut -d' ' -f1,4)" $'1 alpha\n3 rest'
gives "create into the gap" 0 "as partition 2" create disk.img --name gap --size 16M
gives "... and into the rest of it" 0 "as partition 4" create disk.img --name gap2 --size max
is "places" "$(table disk.img | cut -d' ' -f1-3)" \
	$'1 2048 131072\n2 133120 32768\n3 198656 323584\n4 165888 32768'
gives "destroy by UUID" 0 "destroyed slice 'alpha'" destroy ${uuid^^} --disk disk.img
sound "still sound" disk.img

# The smallest extent that is large enough
image disk.img 256M
for n in a b c d; do run create disk.img --name $n --size 20M; done
run destroy a --disk disk.img
run create disk.img --name small --size 5M
is "the smallest extent that holds it" "$(table disk.img | grep small)" "1 2048 10240 small "

# Partitions of the host
image disk.img 256M
sfdisk -q disk.img <<-END
	label: gpt
	first-lba: 34
	start=34, size=2014, type=21686148-6449-6E6F-744E-656564454649, name="grub"
	start=4096, size=20480, type=L, name="host"
	start=300000, size=20001, type=L
END
head -c 10M /dev/urandom | dd of=disk.img bs=512 seek=4096 conv=notrunc status=none
sum=$(dd if=disk.img bs=512 skip=4096 count=20480 status=none | sha256sum)
gives "beside partitions of the host" 0 "created" create disk.img --name s1 --size max
gives "again" 0 "created" create disk.img --name s2 --size max
sound "no overlap" disk.img
is "the host's data is what it was" \
	"$(dd if=disk.img bs=512 skip=4096 count=20480 status=none | sha256sum)" "$sum"
is "slices lie on whole MiB" \
	"$(table disk.img | awk '$4 ~ /^s/ && ($2 % 2048 || $3 % 2048)')" ""
gives "destroy of a partition of the host" 5 "partition 2 of disk.img is not a slice" \
	destroy host --disk disk.img

# The content of the blocks
image disk.img 64M
sfdisk -q disk.img <<<"label: gpt"
tr '\0' x </dev/zero | head -c 62M | dd of=disk.img bs=1M seek=1 conv=notrunc status=none
run create disk.img --name keep --size 8M --keep-data
# bytes START LENGTH: print the byte values that occur there
bytes() { dd if=disk.img bs=1M skip="$1" count="$2" status=none | tr -d x | tr '\0' 0 | head -c1; }
is "--keep-data keeps them" "$(bytes 1 8)" ""
run create disk.img --name new --size 8M
is "a new slice is zeroed" "$(dd if=disk.img bs=1M skip=9 count=8 status=none |
	cmp -n $((8 * mib)) - /dev/zero && echo yes)" yes
is "the blocks before are as they were" "$(bytes 1 8)" ""
is "the blocks behind are as they were" "$(bytes 17 40)" ""
run destroy keep --disk disk.img
is "destroy leaves them" "$(bytes 1 8)" ""
tr '\0' x </dev/zero | head -c 8M | dd of=disk.img bs=1M seek=9 conv=notrunc status=none
run destroy new --disk disk.img --wipe
is "destroy --wipe zeroes them" "$(dd if=disk.img bs=1M skip=9 count=8 status=none |
	cmp -n $((8 * mib)) - /dev/zero && echo yes)" yes
is "and nothing else" "$(bytes 1 8)$(bytes 17 40)" ""

# An entry that names blocks of others
# put IMAGE OFFSET: write standard input there
put() { dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }
# crc IMAGE OFFSET LENGTH: the CRC-32 of these bytes, little-endian
crc() { tail -c +$(($2 + 1)) "$1" | head -c "$3" | gzip -1 | tail -c 8 | head -c 4; }
# set_entry IMAGE NUMBER FIRST-LBA LAST-LBA: change both copies of the table, as no
# partition tool does
set_entry() {
	local image=$1 end header array

	end=$(stat -c %s "$image")
	for header in 512 $((end - 512)); do
		array=$((header == 512 ? 1024 : end - 33 * 512))
		perl -e 'print pack "Q<Q<", @ARGV' "$3" "$4" |
			put "$image" $((array + ($2 - 1) * 128 + 32))
		crc "$image" $array $((128 * 128)) | put "$image" $((header + 88))
		head -c 4 /dev/zero | put "$image" $((header + 16))
		crc "$image" "$header" 92 | put "$image" $((header + 16))
	done
}
image disk.img 64M
sfdisk -q disk.img <<-END
	label: gpt
	start=2048, size=16384, type=$type, name="slice"
	start=20480, size=20480, type=L, name="host"
	start=61440, size=2048, type=$type, name="odd"
END
tr '\0' x </dev/zero | head -c 10M | dd of=disk.img bs=1M seek=10 conv=notrunc status=none
set_entry disk.img 1 2048 34815
set_entry disk.img 3 33 2047
sum=$(sha256sum <disk.img)
gives "--wipe of a slice that overlaps a partition" 5 "partition 1 of disk.img shares blocks with partition 2" \
	destroy slice --disk disk.img --wipe
gives "--wipe of a slice that lies in the table" 5 "partition 3 of disk.img is not within the usable blocks" \
	destroy odd --disk disk.img --wipe
is "nothing has changed" "$(sha256sum <disk.img)" "$sum"
gives "without --wipe it is destroyed" 0 "destroyed slice 'slice'" destroy slice --disk disk.img
is "the partition has its data" "$(bytes 10 10)" ""

# Disks that sluicectl must not partition
image disk.img 64M
mkfs.ext4 -q disk.img
sum=$(sha256sum <disk.img)
gives "a file system" 5 "there is ext4 on it" create disk.img --name x --size 1M
image disk.img 64M
sfdisk -q disk.img <<<$'label: dos\nsize=10M'
gives "a DOS table" 5 "there is dos on it" create disk.img --name x --size 1M
image disk.img 64M
mkswap -q disk.img
gives "swap" 5 "there is swap on it" create disk.img --name x --size 1M
image disk.img 64M
sfdisk -q disk.img <<<$'label: gpt\nsize=10M, name=one'
cp disk.img good.img
dd if=/dev/urandom of=disk.img bs=512 seek=1 count=33 conv=notrunc status=none
dd if=/dev/urandom of=disk.img bs=512 seek=$((64 * 2048 - 33)) count=33 conv=notrunc status=none
gives "a GPT of which both copies are damaged" 5 "not blank and has no GPT" \
	create disk.img --name x --size 1M
cp good.img disk.img
dd if=/dev/urandom of=disk.img bs=512 seek=1 count=33 conv=notrunc status=none
gives "a GPT of which one copy is damaged is repaired" 0 "created" \
	create disk.img --name x --size 1M
sound "both copies are good again" disk.img
is "no entry was lost" "$(table disk.img | cut -d' ' -f4)" $'one\nx'
dd if=/dev/zero of=disk.img bs=1M count=1 conv=notrunc status=none
sum=$(sha256sum <disk.img)
gives "a GPT whose beginning is lost" 5 "disk.img is not blank: it has a damaged GPT" \
	create disk.img --name y --size 1M
is "... is left for its repair" "$(sha256sum <disk.img)" "$sum"
mkfs.ext4 -q disk.img
gives "... a file system over it" 5 "there is ext4 on it" create disk.img --name y --size 1M
wipefs -qa disk.img
gives "... and without both" 0 "created" create disk.img --name y --size 1M
mkdir dir
gives "a directory" 3 "dir is neither a disk of sluice_nvme nor an image file" create dir --name x --size 1M
image sluice0n1 64M
gives "a file that is called like a disk" 3 "for the image file of this name, write ./sluice0n1" \
	create sluice0n1 --name x --size 1M
gives "... with a slash" 0 "created" create ./sluice0n1 --name x --size 1M
gives "no such file" 3 "there is no drive, disk or image file 'none.img'" create none.img --name x --size 1M
gives "a device that is no disk" 3 "/dev/null is neither a disk" create /dev/null --name x --size 1M

# Other block sizes and disk sizes
image disk.img 64M
gives "blocks of 4096 bytes" 0 "created" create disk.img --name x --size 8M --block-size 4096
is "the header is in the second of them" \
	"$(dd if=disk.img bs=4096 skip=1 count=1 status=none | head -c 8)" "EFI PART"
gives "add another" 0 "created" create disk.img --name y --size max --block-size 4096
gives "take it away" 0 "destroyed" destroy y --disk disk.img --block-size 4096
gives "with the wrong block size" 2 "is for blocks of 4096 bytes: use --block-size 4096" \
	create disk.img --name z --size 1M --block-size 512

# The largest number of entries
image disk.img 256M
sfdisk -q disk.img <<<"label: gpt"
for n in {1..128}; do echo "size=1M, name=n$n"; done | sfdisk -q -a disk.img
gives "a table without a free entry" 1 "cannot add an entry" create disk.img --name x --size 1M
is "and it stays as it was" "$(table disk.img | wc -l)" 128

# Another program holds the lock
image disk.img 64M
exec 9<disk.img
flock 9
gives "a lock that another program holds" 4 "another program has held the lock" \
	create disk.img --name x --size 1M
is "nothing was done" "$(cmp -n $((64 * mib)) disk.img /dev/zero && echo blank)" blank
exec 9<&-
