#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# timeout: 300
#
# The drive is pulled out without warning while a guest and the host use it:
# their I/O ends, VFIO asks the guest to release the drive, the host does not
# hang. After the drive is plugged in again, it works as before. Not on the
# debug kernel: lockdep reports two locks of the port's driver in both orders.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid)
port=$(drive_port k4)

# QEMU unplugs a card when the power and the indicator of its slot are turned
# off. The port's driver must not notice, so its interrupts are off too. When
# they are on again, the power is on, and no card is present.
pull_out() { setpci -s "$port" CAP_EXP+18.w=0700:0728 CAP_EXP+18.w=0028:0428; }
put_in() { l0 plug k4 max_ioqpairs=20,msix_qsize=21,logical_block_size=4096,physical_block_size=4096; }
is_out() { ! drive_bdf k4 >/dev/null; }
# QEMU presses the slot's button when it plugs a card in. The port's driver may
# take this for a request to remove the card, so hot-plug is off from here on.
# The driver has turned the slot's power off; turn it on.
no_hotplug() {
	port_without_hotplug "$port" &&
		setpci -s "$port" CAP_EXP+18.w=0100:0700
}
found() { echo 1 >"/sys/bus/pci/devices/$port/rescan" && drive_bdf k4; }
ended() { ! kill -0 "$1" 2>/dev/null; }

cut_up() {
	table_write k4 "size=32MiB, type=slice, uuid=$a, name=alpha" \
		"size=32MiB, type=L, name=host"
}

plan 19
# The guest sees its drive go
provokes host 'sluice [0-9a-f-]+: controller fatal status'
check "bind the drive" sluice_up k4
check "cut it up" cut_up
check "attach" slice_attach k4 "$a"
l2_start one "$a"
check "a guest is up" l2_up one
l2_send one 'fio --minimal --ioengine=libaio --direct=1 --rw=randrw --bs=4k --iodepth=16 --time_based --runtime=600 --filename=/dev/nvme0n1 --name=load >/dev/null 2>&1; true'
fio --minimal --ioengine=libaio --direct=1 --rw=randrw --bs=4k --iodepth=4 \
	--time_based --runtime=600 --name=host --filename="/dev/$(drive_disk k4)p2" \
	>/dev/null 2>/tmp/fio.log &
host=$!
sleep 3
check "the drive is pulled out" pull_out
check "the host's I/O ends" wait_for 60 ended $host
refuse "and has failed" wait $host
check "so does the guest's" wait_for 90 grep -q L2-EXIT "$L2_RUN/one/agent.log"
check "the function goes" wait_for 60 is_out
is "no slice is left" "$(ls /sys/class/sluice 2>/dev/null)" ""
is "no mdev is left" "$(ls /sys/bus/mdev/devices 2>/dev/null)" ""
check "the guest is alive" l2_run one 'echo yes'
l2_kill one
check "the port's hot-plug is let go of" no_hotplug
check "the drive is put in again" put_in
check "and is found" wait_for 60 found || exit
check "bind it" drive_to k4 sluice_nvme
check "attach" slice_attach k4 "$a"
l2_start two "$a"
check "another guest is up" l2_up two
check "and works" l2_run two 'dd if=/dev/nvme0n1 of=/dev/null bs=1M count=4 iflag=direct'
l2_kill two
slice_detach "$a"
