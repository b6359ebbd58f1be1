#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What list, types, show, attach, detach, bind, unbind, create and destroy print
# on a host whose sysfs is made by hand, in a mount namespace. Writes go to
# plain files there, so only refusals, failures and dry runs are tested here. The
# tests tools/testing/tests/tool-*.t test the rest with the modules.

[ -n "${SLUICE_FAKE_SYSFS-}" ] ||
	SLUICE_FAKE_SYSFS=1 exec unshare --user --map-root-user --mount bash "$0"

# shellcheck source=tools/sluicectl/tests/lib.sh
. "$(dirname "$0")/lib.sh"

begin 158
export SYSTEMD_DEVICE_VERIFY_SYSFS=0
# No command here may take longer, whatever the kernel waits for
TOOL_SECONDS=20
mount -t tmpfs none /sys
gib=$((1 << 30))
bdf=0000:01:00.0
dev=/sys/devices/pci0000:00/0000:00:10.0/$bdf
uuid_a=aaaaaaaa-0000-4000-8000-000000000001
uuid_b=aaaaaaaa-0000-4000-8000-000000000002
uuid_c=00000001-0000-0000-0000-000000000100

# put FILE TEXT
put() {
	mkdir -p "${1%/*}"
	printf '%s\n' "$2" >"$1"
}

# device PATH SUBSYSTEM-DIR: make a directory look like a device
device() {
	put "$1/uevent" "${3-}"
	mkdir -p "$2"
	ln -sfn "$2" "$1/subsystem"
}

# pci_function BDF PATH DRIVER CLASS
pci_function() {
	device "$2" /sys/bus/pci "PCI_SLOT_NAME=$1"
	put "$2/class" "$4"
	put "$2/driver_override" "(null)"
	mkdir -p /sys/bus/pci/devices /sys/bus/pci/drivers
	ln -sfn "$2" /sys/bus/pci/devices/"$1"
	[ -n "$3" ] || return 0
	mkdir -p "/sys/bus/pci/drivers/$3"
	ln -sfn "/sys/bus/pci/drivers/$3" "$2/driver"
}

# block NAME PATH TYPE SIZE-IN-SECTORS MINOR
block() {
	device "$2" /sys/class/block "DEVTYPE=$3
DEVNAME=$1
MAJOR=259
MINOR=$5"
	put "$2/size" "$4"
	put "$2/dev" "259:$5"
	ln -sfn "$2" "/sys/class/block/$1"
	mkdir -p "$2/holders"
}

# slice NAME UUID LABEL START SIZE STATE MDEV POOL PARTITION
slice() {
	local d=$dev/sluice/$1

	device "$d" /sys/class/sluice
	ln -sfn "$d" "/sys/class/sluice/$1"
	put "$d/uuid" "$2"
	put "$d/name" "$3"
	put "$d/start_bytes" "$4"
	put "$d/size_bytes" "$5"
	put "$d/block_size_bytes" 512
	put "$d/state" "$6"
	put "$d/mdev" "$7"
	put "$d/pool" "$8"
	put "$d/partition" "$9"
	put "$d/disk" "${1%p*}"
	put "$d/generation" 3
}

type() {
	local d=$dev/mdev_supported_types/sluice_nvme-$1

	put "$d/name" "Sluice NVMe $1"
	put "$d/description" "a slice with $1"
	put "$d/device_api" vfio-pci
	put "$d/available_instances" "$2"
	put "$d/create" ""
}

mkdir -p /sys/class/{sluice,block,nvme,nvme-subsystem} /sys/bus/pci
gives "list: nothing bound" 0 "no drive is bound" list
gives "list --json: nothing bound" 0 . list --json
is "an empty list" "$(json '.version, (.parents | length)' | tr '\n' ' ')" "1 0 "
run types --json
is "no types" "$(json '.types | length')" 0
gives "show: nothing bound" 3 "no drive is bound to sluice_nvme" show web
gives "create: nothing bound" 3 "bind" create $bdf --name x --size 1M

pci_function $bdf $dev sluice_nvme 0x010802
pci_function 0000:02:00.0 /sys/devices/pci0000:00/0000:02:00.0 "" 0x020000
put $dev/sluice/state live
put $dev/sluice/model "QEMU NVMe Ctrl"
put $dev/sluice/serial main
put $dev/sluice/firmware_rev 1.0
put $dev/sluice/queue_pairs_total 16
put $dev/sluice/queue_pairs_host 2
put $dev/sluice/queue_pairs_free 6
type pool-q4 0; type q2 3; type q8 0; type q16 0; type pool-q2 0; type q4 1
block sluice0n1 $dev/block/sluice0n1 disk $((10 * gib / 512)) 0
put $dev/block/sluice0n1/queue/logical_block_size 512
block sluice0n1p1 $dev/block/sluice0n1/sluice0n1p1 partition $((gib / 512)) 1
put $dev/block/sluice0n1/sluice0n1p1/partition 1
put $dev/block/sluice0n1/sluice0n1p1/start 2048
for n in 2 3 4; do
	block sluice0n1p$n $dev/block/sluice0n1/sluice0n1p$n partition 2048 $n
	put $dev/block/sluice0n1/sluice0n1p$n/partition $n
	put $dev/block/sluice0n1/sluice0n1p$n/start 4096
done
slice sluice0n1p2 $uuid_a web $((2 * gib)) $gib free "" 0 2
slice sluice0n1p3 $uuid_b $'tab\there' $((4 * gib)) $gib attached $uuid_b 0 3
slice sluice0n1p4 $uuid_c "vm 100" $((5 * gib)) $gib attached $uuid_a 1 4

# mdev UUID TYPE
mdev() {
	mkdir -p "$dev/$1" /sys/bus/mdev/devices
	ln -sfn "$dev/$1" "/sys/bus/mdev/devices/$1"
	ln -sfn "$dev/mdev_supported_types/sluice_nvme-$2" "$dev/$1/mdev_type"
	put "$dev/$1/remove" ""
}
mdev $uuid_a q2
mdev $uuid_b q4

gives "list" 0 "sluice0n1p2 +web +1 GiB +free +$uuid_a" list
like "the drive" "$out" "^$bdf +QEMU NVMe Ctrl +live +6 of 14 queue pairs free"
like "the disk and what is free" "$out" "└─sluice0n1 +10 GiB +[0-9.]+ GiB free"
like "a partition of the host" "$out" "sluice0n1p1 +1 GiB +host"
like "a control character is made visible" "$out" 'tab\\x09here'
like "a pool member under another UUID" "$out" "pool, as mdev $uuid_a"

# on_terminal COLUMNS ARGUMENT...: what sluicectl prints there
on_terminal() {
	script -qec "stty cols $1; '$tool' ${*:2}" /dev/null </dev/null | tr -d '\r'
}
# The words of the tables that are read from standard input
words() { tr -cs '[:alnum:]:-' '\n' | sort -u; }
on_terminal 80 list >narrow
check "80 columns: no line is too long" test "$(wc -L <narrow)" -le 80
is "only the column UUID and the ends of long names are left out" \
	"$(comm -23 <(words <<<"$out") <(words <narrow) | xargs)" \
	"$uuid_c Ctrl UUID $uuid_b x09here"
is "200 columns: all as in a file" "$(on_terminal 200 list)" "$out"
is "in the order of the disk" "$(grep -oE 'sluice0n1p[0-9]|\(free\)' <<<"$out" | tr '\n' ' ')" \
	"sluice0n1p1 (free) sluice0n1p2 (free) sluice0n1p3 sluice0n1p4 (free) "
run list --bytes
like "--bytes" "$out" "sluice0n1p2 +web +1073741824 "
run list --json
is "JSON: the drive" "$(json '.parents[0] | [.address, .state, .queue_pairs.total,
	.queue_pairs.host, .queue_pairs.free] | join(" ")')" "$bdf live 16 2 6"
is "JSON: the slices" "$(json '.parents[0].disks[0].slices[] | .device')" \
	$'sluice0n1p2\nsluice0n1p3\nsluice0n1p4'
is "JSON: types of values" "$(json '.parents[0].disks[0].slices[2] |
	[.pool, .size_bytes, .mdev, .generation] | map(type) | join(" ")')" \
	"boolean number string number"
is "JSON: no mdev is null" "$(json '.parents[0].disks[0].slices[0].mdev')" null
is "JSON: what is free" "$(json '.parents[0].disks[0] | ([.free[].size_bytes] | add) == .free_bytes and
	.largest_free_bytes <= .free_bytes')" true
is "JSON: the whole space is accounted for" "$(json '.parents[0].disks[0] |
	([.free[], .slices[], .host_partitions[] | .size_bytes] | add)')" \
	$((10 * gib - 2 * (1 << 20)))
is "JSON: a label as it is" "$(json '.parents[0].disks[0].slices[1].name')" $'tab\there'
gives "list of one drive" 0 "$bdf" list 01:00.0
gives "list of one that is not there" 3 "no drive 0000:09:00.0 is bound" list 0000:09:00.0
gives "list of one that is not ours" 3 "no drive 0000:02:00.0 is bound" list 02:00.0

gives "types, in order" 0 "q2 " types
is "types: how many" "$(awk 'NR > 1 { print $3, $4 }' <<<"$out" | tr '\n' ' ')" \
	"2 3 4 1 8 0 16 0 2 0 4 0 "
run types --json $bdf
is "JSON of a type" "$(json '.types[1] | [.type, .queues, .pool, .available_instances, .parent] |
	join(" ")')" "sluice_nvme-q4 4 false 1 $bdf"
is "JSON of a type for the pool" "$(json '.types[5] | [.type, .queues, .pool, .available_instances] |
	join(" ")')" "sluice_nvme-pool-q4 4 true 0"

gives "show by name" 0 "device: +sluice0n1p2" show web
gives "show by UUID" 0 "name: +web" show $uuid_a
gives "show by UUID in capitals" 0 "name: +web" show ${uuid_a^^}
gives "show by device" 0 "name: +web" show sluice0n1p2
gives "show by node" 0 "name: +web" show /dev/sluice0n1p2
gives "show a drive" 0 "I/O queue pairs: +16" show $bdf
gives "show what is not there" 3 "no slice 'nope'" show nope
gives "show a partition of the host" 3 "is a partition of the host, not a slice" show sluice0n1p1
gives "attach a drive" 3 "$bdf is a drive, not a slice" attach $bdf
run show web --json
is "JSON of show" "$(json '.slice | [.device, .uuid, .parent, .disk, .partition] | join(" ")')" \
	"sluice0n1p2 $uuid_a $bdf sluice0n1 2"
run show $bdf --json
is "JSON of a drive" "$(json '.parent.address, .parent.disks[0].name' | tr '\n' ' ')" \
	"$bdf sluice0n1 "

# Without a number of queues: the slice's share of the free pairs, from 2 to 4
gives "attach, dry run" 0 "would write $uuid_a to $dev/mdev_supported_types/sluice_nvme-q4/create" \
	attach web --dry-run
slice sluice0n1p6 aaaaaaaa-0000-4000-8000-000000000006 other $((8 * gib)) $gib free "" 0 0 6
gives "attach, half of 6 free queue pairs" 0 "sluice_nvme-q2/create" attach web --dry-run
put $dev/sluice/queue_pairs_free 8
gives "attach, half of 8" 0 "sluice_nvme-q4/create" attach web --dry-run
put $dev/sluice/queue_pairs_free 3
gives "attach, half of 3" 0 "sluice_nvme-q2/create" attach web --dry-run
put $dev/sluice/queue_pairs_free 14
put $dev/sluice/sluice0n1p6/state attached
put $dev/sluice/sluice0n1p6/mdev aaaaaaaa-0000-4000-8000-000000000006
gives "attach, 14 for one slice" 0 "sluice_nvme-q4/create" attach web --dry-run
put $dev/sluice/queue_pairs_free 6
slice sluice0n1p7 aaaaaaaa-0000-4000-8000-000000000007 shared $((9 * gib)) $gib free "" 1 0 7
put $dev/mdev_supported_types/sluice_nvme-pool-q2/available_instances 1
gives "attach a slice of the pool" 0 "sluice_nvme-pool-q2/create" attach shared --dry-run
gives "with queues" 0 "sluice_nvme-pool-q2/create" attach shared -q 2 --dry-run
gives "with a type" 0 "sluice_nvme-pool-q2/create" attach shared -t pool-q2 --dry-run
gives "with a type for others" 5 "sluice_nvme-q2 is not for slices of the pool, and 'shared' \(sluice0n1p7\) is one" \
	attach shared -t q2
gives "another with a type for the pool" 5 "sluice_nvme-pool-q2 is for slices of the pool, and 'web' \(sluice0n1p2\) is not one" \
	attach web -t pool-q2
like "it says what to do" "$err" "with --queues 2 instead"
gives "with too many queues for the pool" 3 "no type with 8 queue pairs" attach shared -q 8
like "and it says which there are" "$err" "it has pool-q2, pool-q4$"
for n in 6 7; do
	rm -r /sys/class/sluice/sluice0n1p$n $dev/sluice/sluice0n1p$n
done
gives "attach with queues" 0 "sluice_nvme-q4/create" attach web --queues 4 --dry-run
gives "attach with a type" 0 "sluice_nvme-q2/create" attach web --type q2 --dry-run
gives "attach with a type's full name" 0 "sluice_nvme-q2/create" \
	attach web --type sluice_nvme-q2 --dry-run
run attach web --dry-run --json
is "JSON of a dry run" "$(json '.version, .dry_run, (.steps | length)' | tr '\n' ' ')" "1 true 1 "
is "a dry run writes nothing" "$(cat $dev/mdev_supported_types/*/create | tr -d '\n')" ""
gives "attach with too many queues" 4 "no room for sluice_nvme-q8: 6 of its 14" attach web -q 8
gives "attach with an odd number" 3 "no type with 3 queue pairs" attach web -q 3
like "and it says which there are" "$err" "it has q2, q4, q8, q16"
gives "attach with a type that is not there" 3 "no type with the name 'q5'" attach web -t q5
gives "attach with no number" 2 "not a number" attach web -q x
gives "attach with a negative number" 2 "not a number" attach web -q -1
gives "attach with both" 2 "give one of them" attach web -q 2 -t q2
# What is attached already: only the same request is done
gives "attach what is attached" 0 "'tab.x09here' \(sluice0n1p3\) is attached already with 4 queue pairs" \
	attach sluice0n1p3
like "and how a guest gets it" "$out" "^qemu: .*/$uuid_b$"
gives "... with the same type" 0 "attached already" attach sluice0n1p3 --queues 4
gives "... by its name" 0 "attached already" attach sluice0n1p3 --type q4
gives "... with another type" 4 "attached already as sluice_nvme-q4, not as sluice_nvme-q2" \
	attach sluice0n1p3 --queues 2
like "and what to do" "$err" "sluicectl detach sluice0n1p3"
gives "... with no number" 2 "'banana' is not a number" attach sluice0n1p3 --queues banana
gives "... with a number too large" 2 "is not a number" attach sluice0n1p3 -q 99999999999999999999
gives "... with a type that is not there" 3 "no type with the name 'q5'" attach sluice0n1p3 -t q5
gives "... on another disk" 3 "no disk 'sluice9n1'" attach sluice0n1p3 --disk sluice9n1
run attach sluice0n1p3 --json
is "JSON of it" "$(json '.type, .changed' | tr '\n' ' ')" "sluice_nvme-q4 false "
mv $dev/$uuid_b/mdev_type .
gives "attach what the kernel is attaching" 4 "is being attached as mdev $uuid_b" attach $uuid_b
mv mdev_type $dev/$uuid_b
gives "attach what has another UUID's guest" 4 "is attached as mdev $uuid_a" attach "vm 100"
put $dev/sluice/sluice0n1p2/state wiping
gives "attach while wiping" 4 "is wiping" attach web
put $dev/sluice/sluice0n1p2/state busy
gives "attach what the host uses" 4 "the host uses /dev/sluice0n1p2" attach web
put $dev/sluice/sluice0n1p2/state refused
put $dev/sluice/sluice0n1p2/refusal "overlaps another partition: delete one"
gives "attach what is refused" 5 "'web' \(sluice0n1p2\) overlaps another partition: delete one" \
	attach web
gives "list says why" 0 "sluice0n1p2 +web .*refused .*overlaps another partition: delete one" list
gives "show says why" 0 "refused, as it: +overlaps another" show web
is "JSON: a refusal, or null" "$("$tool" list --json | jq -r '.parents[0].disks[0].slices[0, 1].refusal' |
	paste -sd,)" "overlaps another partition: delete one,null"
put $dev/sluice/sluice0n1p2/refusal ""
put $dev/sluice/sluice0n1p2/state free
put $dev/block/sluice0n1/offline "its block size has changed"
gives "attach what is on an offline namespace" 4 "'web' \(sluice0n1p2\) is offline: its block size has changed" \
	attach web
gives "list says which disk is offline" 0 "sluice0n1 .*offline .*its block size has changed" list
gives "show says it of the slice" 0 "offline: +its block size has changed" show web
gives "and of the drive" 0 "disk sluice0n1: +its block size has changed" show $bdf
is "JSON of it" "$("$tool" list --json | jq -r '.parents[0].disks[0].offline')" "its block size has changed"
put $dev/block/sluice0n1/offline ""
is "JSON of a disk that is well" "$("$tool" list --json | jq -r '.parents[0].disks[0].offline')" null
put $dev/sluice/state dead
gives "attach on a dead drive" 4 "$bdf is dead" attach web
put $dev/sluice/state live

gives "detach, dry run" 0 "would write 1 to /sys/bus/mdev/devices/$uuid_a/remove" \
	detach "vm 100" --dry-run
gives "detach by the mdev's UUID" 0 "devices/$uuid_a/remove" detach $uuid_a --dry-run
gives "detach what is not attached" 0 "is not attached: there is nothing to do" detach web
gives "detach, on another disk" 3 "no disk 'sluice9n1'" detach $uuid_a --disk sluice9n1 --dry-run

gives "unbind with slices attached" 4 "the slice 'vm 100' \(sluice0n1p4\) is attached as mdev $uuid_a" \
	unbind $bdf
gives "bind what is bound" 0 "bound to sluice_nvme already" bind $bdf
put $dev/sluice/state dead
gives "bind what is bound, but dead" 1 "but it is dead" bind $bdf
put $dev/sluice/state live
gives "bind what is no NVMe drive" 5 "is not an NVMe drive" bind 02:00.0
gives "unbind what is not ours" 5 "is not an NVMe drive" unbind 02:00.0
gives "destroy what is attached" 4 "detach it first: sluicectl detach sluice0n1p4" destroy "vm 100"

# A drive with two ports: nvme puts its disks below the subsystem, not below the
# PCI function
other=0000:03:00.0
dev2=/sys/devices/pci0000:00/0000:00:11.0/$other
pci_function $other $dev2 nvme 0x010802
device $dev2/nvme/nvme0 /sys/class/nvme
ln -s $dev2/nvme/nvme0 /sys/class/nvme/nvme0
sub=/sys/devices/virtual/nvme-subsystem/nvme-subsys0
device $sub /sys/class/nvme-subsystem
ln -s $sub /sys/class/nvme-subsystem/nvme-subsys0
ln -s $dev2/nvme/nvme0 $sub/nvme0
block nvme0n1 $sub/nvme0n1 disk 2097152 32
block nvme0n1p1 $sub/nvme0n1/nvme0n1p1 partition 204800 33
block nvme0n1p2 $sub/nvme0n1/nvme0n1p2 partition 204800 34
gives "bind a drive that nobody uses, dry run: no module" 5 "module sluice_nvme is not installed" \
	bind $other --dry-run
block dm-0 /sys/devices/virtual/block/dm-0 disk 2048 64
put /sys/devices/virtual/block/dm-0/dm/name vg-data
put /sys/devices/virtual/block/dm-0/dm/uuid LVM-abcdef
block md0 /sys/devices/virtual/block/md0 disk 2048 65
ln -s /sys/devices/virtual/block/dm-0 $sub/nvme0n1/nvme0n1p1/holders/dm-0
ln -s /sys/devices/virtual/block/md0 $sub/nvme0n1/nvme0n1p2/holders/md0
gives "bind a drive with LVM and RAID on it" 4 "nvme0n1p1 is held by LVM volume vg-data \(dm-0\)" \
	bind $other
like "both are named" "$err" "nvme0n1p2 is held by md0"
is "the drive is left alone" "$(cat $dev2/driver_override)" "(null)"
run doctor --json
like "doctor names them" "$(json ".findings[] | select(.check == \"drive $other\") | .found")" \
	"^driver nvme; nvme0n1p1 is held by LVM volume vg-data \(dm-0\), nvme0n1p2 is held by md0$"
rm $sub/nvme0n1/nvme0n1p?/holders/*
gives "unbind what is not bound" 0 "not bound to sluice_nvme but to nvme: there is nothing to do" \
	unbind $other

slice sluice0n1p5 aaaaaaaa-0000-4000-8000-000000000005 web $((7 * gib)) $gib free "" 0 5
gives "a name that two slices have" 5 "2 slices are named 'web': sluice0n1p2, sluice0n1p5" show web
put $dev/sluice/sluice0n1p5/uuid $uuid_a
gives "a UUID that two slices have" 5 "2 slices have the UUID '$uuid_a': sluice0n1p2, sluice0n1p5" \
	destroy $uuid_a --dry-run
put $dev/sluice/sluice0n1p5/uuid aaaaaaaa-0000-4000-8000-000000000005
block sluice0n2 $dev/block/sluice0n2 disk 204800 9
put $dev/block/sluice0n2/queue/logical_block_size 512
gives "attach a disk" 3 "sluice0n1 is a disk, not a slice" attach sluice0n1
put $dev/sluice/queue_pairs_free 1
gives "attach a disk that is blank, without queue pairs" 4 "$bdf has no room for sluice_nvme-q2" \
	attach sluice0n2
put $dev/sluice/queue_pairs_free 6
gives "a drive with two disks" 5 "has 2 disks: sluice0n1, sluice0n2" create $bdf --name x --size 1M

# A drive that a stopped virtual machine may own
kept=0000:04:00.0
dev3=/sys/devices/pci0000:00/0000:00:12.0/$kept
pci_function $kept $dev3 vfio-pci 0x010802
gives "bind a drive of vfio-pci" 5 "$kept is kept for a guest: its driver is vfio-pci" bind $kept
like "where to look" "$err" "look for $kept in 'virsh dumpxml"
gives "... also as a dry run" 5 "stopped virtual machine" bind $kept --dry-run
gives "... with --force" 5 "module sluice_nvme is not installed" bind $kept --force --dry-run
run doctor --json
like "doctor warns of it" "$(finding "drive $kept")" "^WARN driver vfio-pci, not in use now"
rm $dev3/driver
put $dev3/driver_override vfio-pci
gives "bind a drive that vfio-pci is to get" 5 "its driver_override is vfio-pci" bind $kept
gives "unbind it" 5 "its driver_override keeps it for vfio-pci" unbind $kept
"$tool" bind $kept <&- >&- 2>.err
is "... without standard input and output" "$?" 5
put $dev3/driver_override "(null)"
gives "unbind a drive without a driver" 0 "would offer $kept to the drivers" unbind $kept --dry-run
put /sys/bus/pci/drivers_probe ""
gives "... that no driver takes" 1 "no driver of this kernel takes $kept$" unbind $kept
rm $dev3/driver_override
mkfifo $dev3/driver_override
gives "a lock that a driver holds" 4 "the kernel has locked $kept" bind $kept --dry-run
gives "... for unbind" 4 "the kernel has locked $kept" unbind $kept --dry-run

# A removal that waits for a program. The pipe stands for a file of sysfs in
# which the kernel lets the reader wait.
sleep 1000 &
user=$!
put $dev/sluice/sluice0n1p4/opener $user
gives "detach what a program has open" 4 "'vm 100' \(sluice0n1p4\) is in use by sleep \(pid $user\)" \
	detach "vm 100"
rm $dev/$uuid_a/remove
mkfifo $dev/$uuid_a/remove
timeout --signal=INT 3 "$tool" detach "vm 100" --force >.out 2>.err
is "Ctrl-C ends the wait of detach" $? 124
like "whom it waits for" "$(cat .err)" "waiting for the guest of the slice 'vm 100' .*: sleep \(pid $user\)"
like "what becomes of it" "$(cat .err)" "interrupted: .* not detached yet, but it will be"
"$tool" detach "vm 100" --force >.out 2>.err &
sleep 1
kill -TERM $!
wait $!
is "its exit status" $? 4
is "the write goes on" "$(timeout 10 cat $dev/$uuid_a/remove)" 11
rm /sys/bus/mdev/devices/$uuid_a
gives "list: a slice that is being detached" 0 "being detached, waits for .*: sleep \(pid $user\)" list
gives "attach it" 4 "is being detached" attach "vm 100"
gives "detach it again" 4 "is being detached already" detach "vm 100"
run show "vm 100" --json
like "JSON of it" "$(json '.slice.waits_for[]')" "sleep \(pid $user\)$"

rm $dev/driver $dev/sluice/{state,model,serial,firmware_rev,queue_pairs_*} $dev/driver_override
mkfifo $dev/driver_override
put $dev/sluice/rescan ""
gives "list: a drive that is being released" 0 \
	"^$bdf +removing .*sluice_nvme is releasing it, and waits for .*: sleep \(pid $user\)" list
gives "unbind it, dry run" 4 "releasing $bdf, and waits for .*: sleep \(pid $user\)" \
	unbind $bdf --dry-run
gives "unbind it" 4 "releasing $bdf, and waits for" unbind $bdf
gives "bind it" 4 "releasing $bdf, and waits for" bind $bdf
gives "create on it" 4 "releasing $bdf, and waits for" create sluice0n1 --name x --size 1M
gives "destroy on it" 4 "releasing $bdf, and waits for" destroy sluice0n1p2
gives "attach on it" 4 "is being detached" attach sluice0n1p2
run list --json
like "JSON of it" "$(json '.parents[0] | .state + " " + .waits_for[0]')" "^removing .*sleep \(pid $user\)$"
run doctor --json
like "doctor says so" "$(finding "drive $bdf")" "^WARN sluice_nvme is releasing it, and waits for"
kill $user
wait $user 2>/dev/null
put $dev/sluice/sluice0n1p4/opener 0
run list
like "a program that has ended" "$out" "of the slice 'vm 100' \(sluice0n1p4\): (something of )?a program that has ended"

# Where this user may not look. Nobody of the outer namespace is nobody here.
mount -t tmpfs none /boot
mkdir -p /sys/kernel/{iommu_groups,irq} /sys/firmware/efi/efivars
: >closed
chmod 0 closed /boot /sys/kernel/{iommu_groups,irq}
[ ! -e /proc/config.gz ] || mount --bind closed /proc/config.gz
unshare --user "$tool" doctor --json >.out
out=$(cat .out)
for what in IOMMU "interrupt remapping" "kernel configuration" "Secure Boot"; do
	like "doctor without root: $what" "$(finding "$what")" "^UNKNOWN .* cannot be seen without root"
done
like "... a drive" "$(finding "drive $other")" "^UNKNOWN driver nvme; whether it is in use cannot be seen without root"
is "and what to do" "$(json ".findings[] | select(.check == \"drive $other\") | .advice")" "run doctor as root"
unshare --user "$tool" bind $other >.out 2>.err
is "bind without root" "$? $(grep -c 'cannot be seen without root' .err)" "77 1"

# The table on a terminal of 80 columns
on_terminal 80 doctor >wide
is "doctor: no line is too long" "$(awk 'length > 80' wide)" ""
run doctor --json
like "doctor: some line was too long" "$(json '.findings[].advice // ""' | awk 'length > 60')" .
missing=
for word in $(json '.findings[] | .found, .advice // empty'); do
	grep -qF -- "$word" wide || missing+=" $word"
done
is "doctor: no word is broken" "$missing" ""
like "doctor: the last line counts" "$(tail -n 1 wide)" \
	"^$(json '"\(.findings | length) checks: \(.failures) failed, \(.warnings) warnings, \(.unknown) unknown: this host is not fit"')$"
is "doctor to a pipe: a line for each, a summary" "$("$tool" doctor | wc -l)" \
	$(($(json '.findings | length') + 3))
