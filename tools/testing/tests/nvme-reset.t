#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=debug iommu=intel
# timeout: 300
#
# The host resets the drive while guests and the host use it: all I/O continues
# afterwards, nobody gets an error, and nothing is lost. One guest has its slice
# through IOMMUFD and the cdev, the other through the group.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid) b=$(new_uuid)
cut_up() {
	table_write main "size=32MiB, type=slice, uuid=$a, name=alpha" \
		"size=32MiB, type=slice, uuid=$b, name=beta" "size=32MiB, type=L, name=host"
}

load='fio --minimal --output=/dev/null --ioengine=libaio --direct=1 --rw=randwrite --bs=8k --iodepth=8 --size=16m
	--time_based --runtime=25 --verify=crc32c --verify_fatal=1 --verify_state_save=0 --name=job'
load=$(tr '\n\t' '  ' <<<"$load")

plan 17
check "bind the drive" sluice_up main
sys=$(drive_sys main)
check "cut it up" cut_up
check "attach one" slice_attach main "$a"
check "attach another" slice_attach main "$b"
l2_start one iommufd "$a"
l2_start two vcpus=2 "$b"
check "guest one is up" l2_up one
check "guest two is up" l2_up two
l2_send one "$load --filename=/dev/nvme0n1"
l2_send two "$load --filename=/dev/nvme0n1"
# shellcheck disable=SC2086 # words
$load --filename="/dev/$(drive_disk main)p3" &
host=$!
for n in 1 2 3 4; do
	sleep 4
	check "reset $n" timeout 60 bash -c "echo 1 >'$sys/reset'"
done
is "the drive is live" "$(cat "$sys/sluice/state")" live
check "the host's I/O was right" wait $host
check "so was that of guest one" l2_wait one 120
check "so was that of guest two" l2_wait two 120
is "the guests saw no error" \
	"$(grep -hiE 'I/O error|critical|timeout' "$L2_RUN"/{one,two}/console)" ""
check "guest one ends" l2_stop one
check "guest two ends" l2_stop two
slice_detach "$a"
slice_detach "$b"
