#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 600
# l1: kernel=stock iommu=intel
#
# The life of slices with sluicectl on a real drive: create, attach, detach and
# destroy while other slices are attached and the host has a file system on the
# same drive; all refusals; and no other byte of the drive changes.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck disable=SC2034 # for lib.sh
SLUICECTL=/out/bin/sluicectl
# shellcheck source=tools/sluicectl/tests/lib.sh
. /t/tools/sluicectl/tests/lib.sh

mib=$((1 << 20))
bdf=$(drive_bdf main)
a=$(new_uuid)
available() { cat "$(drive_type main "q$1")/available_instances"; }
# Print the table on the disk, without the part that differs in every table
on_disk() { sfdisk --dump "/dev/$disk" | grep -v '^label-id'; }
start_of() { slice_attr "$1" start_bytes; }

begin 82
check "fill the drive" l0 fill main
check "the modules load" modules_load
gives "bind" 0 "bound to sluice_nvme" bind "$bdf"
disk=$(drive_disk main)

# The first slice
check "remember what is on the drive" l0 snapshot main
gives "create, dry run" 0 "would make a GPT on /dev/$disk, which is blank" \
	create "$bdf" --name alpha --size 128M --dry-run
check "a dry run changes nothing" l0 same main
gives "create" 0 "created slice 'alpha' \($a\) of 128 MiB as ${disk}p1" \
	create "$bdf" --name alpha --size 128M --uuid "$a"
is "the driver has it" "$(slice_attr "$a" name) $(slice_attr "$a" state)" "alpha free"
check "the kernel has it" test -b "/dev/${disk}p1"
check "it is zeroed" l0 zero main "$(start_of "$a")" $((128 * mib))
check "all else is as it was" l0 same main 0 $((129 * mib)) $((1023 * mib)) $mib
gives "a disk is no slice" 3 "$disk is a disk, not a slice" attach "$disk"

# A partition of the host
echo "size=64MiB, type=L" | sfdisk -q --append "/dev/$disk"
wait_for 10 test -b "/dev/${disk}p2"
mkfs.ext4 -q "/dev/${disk}p2"
mkdir -p /mnt
mount -t ext4 "/dev/${disk}p2" /mnt
dd if=/dev/urandom of=/mnt/file bs=1M count=16 status=none
sum=$(sha256sum </mnt/file)
gives "create while the host uses the drive" 0 "created slice 'beta'.* as ${disk}p3" \
	create "$disk" --name beta --size 64M --pool
gives "another by node" 0 "as ${disk}p4" create "/dev/$disk" --name gamma --size 64M
run list --json
b=$(json '.parents[0].disks[0].slices[] | select(.name == "beta") | .uuid')
c=$(json '.parents[0].disks[0].slices[] | select(.name == "gamma") | .uuid')
is "what the list says of the host" \
	"$(json '.parents[0].disks[0].host_partitions[] | .device + ": " + .users[0]')" \
	"${disk}p2: ${disk}p2 is mounted on /mnt"
is "all space is accounted for" "$(json '.parents[0].disks[0] |
	[.free[], .slices[], .host_partitions[] | .size_bytes] | add')" $((1022 * mib))
is "the pool bit" "$(slice_attr "$b" pool) $(slice_attr "$c" pool)" "1 0"
gives "a name that is taken" 5 "is named 'alpha' already" create "$bdf" --name alpha --size 1M
gives "a UUID that is taken" 5 "belongs to ${disk}p1 already" \
	create "$bdf" --name x --size 1M --uuid "$a"
gives "too large" 5 "no free extent of 2 GiB" create "$bdf" --name x --size 2G

# Attach
before="$(available 2) $(available 8)"
gives "attach, dry run" 0 "would write $a to " attach alpha --queues 8 --dry-run
is "it was dry" "$(slice_attr "$a" state)" free
gives "attach" 0 "^mdev: /sys/bus/mdev/devices/$a$" attach alpha --queues 8
like "the argument for QEMU" "$out" "^qemu: -device vfio-pci,sysfsdev=/sys/bus/mdev/devices/$a$"
check "the mdev is there" test -e "/sys/bus/mdev/devices/$a"
is "of the type that was asked for" \
	"$(basename "$(readlink "/sys/bus/mdev/devices/$a/mdev_type")")" sluice_nvme-q8
run attach gamma --type q2 --json
is "attach, JSON" "$status $(json '.version, .slice, .device, .type, .queues, .mdev, .qemu' |
	tr '\n' ' ')" "0 1 $c ${disk}p4 sluice_nvme-q2 2 /sys/bus/mdev/devices/$c -device vfio-pci,sysfsdev=/sys/bus/mdev/devices/$c "
gives "show" 0 "mdev: +$a" show alpha
gives "attach again" 0 "'alpha' \(${disk}p1\) is attached already with 8 queue pairs" attach alpha
gives "attach again, with another type" 4 "attached already as sluice_nvme-q8, not as sluice_nvme-q2" \
	attach alpha --queues 2
gives "attach again, with nonsense" 2 "'banana' is not a number" attach alpha --queues banana
gives "no room for so many queues" 4 "no room for sluice_nvme-pool-q8: 4 of its 14" attach beta -q 8
gives "more than the drive ever has" 3 "no type with 16 queue pairs" attach beta -q 16
gives "destroy while attached" 4 "detach it first: sluicectl detach ${disk}p1" destroy alpha
gives "unbind while attached" 4 "the slice 'alpha' \(${disk}p1\) is attached as mdev $a" \
	unbind "$bdf"
like "which names the mount as well" "$err" "${disk}p2 is mounted on /mnt"

# Create and destroy while others are attached and mounted
check "remember what is on the drive" l0 snapshot main
gives "create while others are attached" 0 "created slice 'late'" \
	create "$bdf" --name late --size 32M
run show late --json
d=$(json .slice.uuid)
place=$(start_of "$d")
check "it is zeroed" l0 zero main "$place" $((32 * mib))
dd if=/dev/urandom of="/dev/${disk}p5" bs=1M count=32 oflag=direct status=none
refuse "and holds data now" l0 zero main "$place" $((32 * mib))
table=$(on_disk)
gives "destroy, dry run" 0 "would zero 32 MiB of /dev/$disk from byte $place" \
	destroy late --wipe --dry-run
is "it was dry" "$(on_disk)" "$table"
gives "destroy --wipe" 0 "destroyed slice 'late'.* 32 MiB are free and zeroed" destroy late --wipe
refuse "the driver has it no more" slice_dir "$d"
refuse "nor has the kernel" test -b "/dev/${disk}p5"
check "it is zeroed" l0 zero main "$place" $((32 * mib))
sync
check "all else is as it was" l0 same main 0 $mib $((129 * mib)) $((64 * mib)) "$place" \
	$((32 * mib)) $((1023 * mib)) $mib
is "the host's file system too" "$(sha256sum </mnt/file)" "$sum"
is "the others are still attached" "$(slice_attr "$a" state) $(slice_attr "$c" state)" \
	"attached attached"

# Space that is in use
run create "$bdf" --name probe --size 8M --dry-run --json
at=$(json '.steps[]' | sed -n 's/.*from byte \([0-9]*\)$/\1/p')
check "a partition that only the kernel knows" \
	addpart "/dev/$disk" 9 $((at / 512)) 2048
table=$(on_disk)
gives "create over it" 4 "the kernel refuses the new partition" create "$bdf" --name x --size 8M
is "the table is as it was" "$(on_disk)" "$table"
check "away with it" delpart "/dev/$disk" 9
exec 8<"/dev/$disk"
flock 8
gives "a lock that another program holds" 4 "another program has held the lock of /dev/$disk" \
	create "$bdf" --name x --size 8M
exec 8<&-
is "the table is as it was" "$(on_disk)" "$table"
for n in 1 2 3 4; do
	/out/bin/sluicectl create "$bdf" --name "p$n" --size 8M >"par$n" 2>&1 &
done
wait
is "four at the same time" "$(cat par? | grep -c '^created')" 4
check "and the table is sound" sfdisk -V "/dev/$disk"
is "nothing overlaps" "$(sfdisk --json "/dev/$disk" | jq '[.partitiontable.partitions[] |
	[.start, .start + .size]] | sort | [.[:-1], .[1:]] | transpose |
	map(select(.[0][1] > .[1][0])) | length')" 0
for n in 1 2 3 4; do run destroy "p$n"; done
is "and they are gone again" "$(on_disk)" "$table"

# In use
group=$(basename "$(readlink "/sys/bus/mdev/devices/$a/iommu_group")")
exec 8<>"/dev/vfio/$group"
gives "detach while a program has it" 4 "in use by [^ ]+ \(pid $$\)" detach alpha
is "it stays" "$(slice_attr "$a" state)" attached
exec 8<&-
gives "detach, dry run" 0 "would write 1 to /sys/bus/mdev/devices/$a/remove" detach alpha --dry-run
gives "detach" 0 "detached slice 'alpha'" detach alpha
gives "detach again" 0 "is not attached: there is nothing to do" detach alpha
run detach "$c" --json
is "detach, JSON" "$status $(json '.slice, .mdev' | tr '\n' ' ')" "0 $c $c "
is "everything is available again" "$(available 2) $(available 8)" "$before"
mkfs.ext4 -q "/dev/${disk}p4"
mkdir -p /mnt2
mount -t ext4 "/dev/${disk}p4" /mnt2
gives "attach what the host has mounted" 4 "the host uses /dev/${disk}p4" attach gamma
gives "destroy what the host has mounted" 4 "${disk}p4 is mounted on /mnt2" destroy gamma
umount /mnt2

# The pool: another UUID gets the slice, and detaching wipes the slice
dd if=/dev/urandom of="/dev/${disk}p3" bs=1M count=64 oflag=direct status=none
other=$(new_uuid)
check "a UUID of nobody takes the pool slice" slice_attach_pool main "$other"
gives "detach by the mdev's UUID" 0 "detached slice 'beta'.*being wiped" detach "$other"
beta_free() { [ "$(slice_attr "$b" state)" = free ]; }
check "it is free again" wait_for 60 beta_free
check "and zeroed" l0 zero main "$(start_of "$b")" $((64 * mib))

# Without root
unprivileged() { setpriv --reuid 65534 --regid 65534 --clear-groups /out/bin/sluicectl "$@"; }
check "anybody may list" unprivileged list
errno_is "but not create" "run it as root" unprivileged create "$bdf" --name x --size 1M
errno_is "nor attach" "run it as root" unprivileged attach alpha

# The other block size
k4=$(drive_bdf k4)
gives "bind the drive with 4096-byte blocks" 0 "bound" bind "$k4"
gives "create there" 0 "created" create "$k4" --name four --size max
gives "its block size" 0 "block size: +4 KiB" show four
gives "destroy there" 0 "destroyed" destroy four --wipe
gives "unbind it" 0 "given back to nvme" unbind "$k4"

umount /mnt
for name in alpha beta gamma; do run destroy $name; done
is "nothing but the host's partition is left" "$(sfdisk --json "/dev/$disk" |
	jq -r '.partitiontable.partitions[].node')" "/dev/${disk}p2"
gives "unbind" 0 "given back" unbind "$bdf"
