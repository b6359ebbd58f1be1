#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=none append=swiotlb=force
#
# The driver refuses a drive: sluicectl bind prints the reason from the kernel
# log and gives the drive back to its previous driver.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck disable=SC2034 # for lib.sh
SLUICECTL=/out/bin/sluicectl
# shellcheck source=tools/sluicectl/tests/lib.sh
. /t/tools/sluicectl/tests/lib.sh

bdf=$(drive_bdf main) sys=$(drive_sys main)
driver() { basename "$(readlink "$sys/driver")" 2>/dev/null; }
# The name of nvme's disk, once the disk exists
nvme_disk() { drive_disk main 2>/dev/null; }

begin 10
check "the modules load" modules_load
modprobe nvme
check "the drive has its ordinary driver" drive_to main nvme
echo >"$sys/driver_override"
wait_for 10 nvme_disk >/dev/null
run doctor --json
is "doctor: not fit" "$status $(json .fit)" "1 false"
like "doctor: why" "$(json '.findings[] | select(.verdict == "FAIL") | .check')" "bounce buffers"
gives "bind is refused" 5 "sluice_nvme refuses $bdf" bind "$bdf"
like "with the reason" "$err" "kernel: .*$bdf.*(bounce|swiotlb)"
like "and what became of the drive" "$err" "nvme has it back"
is "it is so" "$(driver) $(cat "$sys/driver_override")" "nvme (null)"
check "and works" wait_for 10 nvme_disk
drive_unbind "$bdf"
gives "without a former driver" 5 "none has it now" bind "$bdf"
