#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# Slices as other partition tools make them: an odd size is accepted without the
# odd end, and each entry of Sluice's type that is no slice is shown, with the
# reason and the remedy, and given to nobody.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck disable=SC2034 # for lib.sh
SLUICECTL=/out/bin/sluicectl
# shellcheck source=tools/sluicectl/tests/lib.sh
. /t/tools/sluicectl/tests/lib.sh

mib=$((1 << 20)) t=$SLICE_TYPE
u=$(new_uuid) v=$(new_uuid)
# table DRIVE ARGUMENT...: what sgdisk makes of a disk without a table
table() {
	local drive=$1 node
	shift

	node=/dev/$(drive_disk "$drive")
	wipefs -qa "$node" >/dev/null
	sgdisk "$@" "$node" >/dev/null 2>&1 || return
	partprobe "$node"
	rescan "$drive"
}
# the guest's part of partition 1 has 2095071 blocks of 512 bytes less 7
whole=$((2095064 * 512))

begin 33
check "fill the drive" l0 fill main
check "bind it" sluice_up main
disk=$(drive_disk main)
check "one partition with all that is free" table main -n 0:0:0 -t "0:$t" -u "1:$u" -A 1:set:48
is "the partition's size is odd" "$(cat "/sys/block/$disk/${disk}p1/size")" 2095071
is "the slice's is not" "$(slice_attr "$u" size_bytes)" "$whole"
is "it is free" "$(slice_attr "$u" state)$(slice_attr "$u" refusal)" free
gives "list" 0 "${disk}p1 +1022.9 MiB +free" list
check "it can be attached" slice_attach_pool main "$u"
check "zeroes all over, it is of the pool" l0 zero main $mib "$whole"
refuse "but not beyond its end" l0 zero main $((mib + whole)) 512
slice_detach "$u"
freed() { [ "$(slice_attr "$u" state)" = free ]; }
check "it is free again" wait_for 60 freed
gives "destroy" 0 "destroyed slice" destroy "$u"

# Not slices
table main -a 1 -n 1:2049:+8M -t "1:$t" -u "1:$u" -n 2:40960:+8M -t "2:$t" -u "2:$v" -A 2:set:48
is "a start within a page" "$(slice_attr "$u" state)" refused
gives "list says why" 0 "${disk}p1 +8 MiB +refused +$u +does not begin at a multiple of 4096 bytes: use sluicectl create" list
gives "and show" 0 "refused, as it: +does not begin at a multiple" show "$u"
run list --json
is "in JSON, too" "$(json '[.parents[].disks[].slices[] | .refusal != null] | join(" ")')" "true false"
gives "attach" 5 "does not begin at a multiple" attach "$u"
errno_is "by hand" EINVAL slice_attach main "$u"
like "the log says why" "$(dmesg | tail -n 3)" "create $u refused: slice ${disk}p1 does not begin"
is "nor does it get a slice of the pool" "$(slice_attr "$v" mdev)" ""
gives "it can be destroyed" 0 "destroyed slice" destroy "$u"
table main -n 1:2048:+6 -t "1:$t" -u "1:$u"
like "less than a page" "$(slice_attr "$u" refusal)" "is smaller than 4096 bytes"
table main -n 1:0:+8M -t "1:$t" -u "1:$u" -n 2:0:+8M -t 2:8300 -u "2:$u"
like "the GUID of a partition of the host" "$(slice_attr "$u" refusal)" "has the unique GUID of another"
sgdisk -u "2:$v" "/dev/$disk" >/dev/null
rescan main
is "the remedy" "$(slice_attr "$u" state)" free
table main -n 1:0:+8M -t "1:$t" -u 1:00000000-0000-0000-0000-000000000000
like "no GUID" "$(cat "/sys/class/sluice/${disk}p1/refusal")" "has no unique GUID"

# One UUID on two namespaces
check "bind the drive with two namespaces" sluice_up fail
one=$(drive_disk fail)
for node in "/dev/$one" "/dev/${one%1}2"; do
	sgdisk -n 1:0:+8M -t "1:$t" -u "1:$u" "$node" >/dev/null
	partprobe "$node"
done
rescan fail
is "both are shown and refused" "$(cat "/sys/class/sluice/${one}p1/state" "/sys/class/sluice/${one%1}2p1/state" | paste -sd' ')" "refused refused"
like "with the reason" "$(cat "/sys/class/sluice/${one%1}2p1/refusal")" "has the UUID of another slice"
errno_is "and neither is given" EINVAL slice_attach fail "$u"
is "available_instances knows it" "$(cat "$(drive_sys fail)/mdev_supported_types/sluice_nvme-q2/available_instances")" 0
sgdisk -u "1:$v" "/dev/${one%1}2" >/dev/null
check "until one has another" rescan fail
is "then both are free" "$(slice_attr "$u" state) $(slice_attr "$v" state)" "free free"
check "and can be attached" slice_attach fail "$v"
slice_detach "$v"
