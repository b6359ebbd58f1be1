#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel append=bdev_allow_write_mounted=0
# check-all
#
# Where the administrator wants the block layer to let nobody write to what is
# mounted, a slice is attached only while nobody has it open for writing, and nobody
# opens it so while it is attached.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid)

plan 11
check "bind the drive" sluice_up main
slice=$(drive_disk main)p1
check "a slice" table_write main "size=16MiB, type=slice, uuid=$a, name=a"
open_to_write() { true <>"/dev/$slice"; }

check "it can be opened for writing" open_to_write
exec 3<>"/dev/$slice"
is "that does not show in sysfs" "$(slice_attr "$a" state)" free
errno_is "while it is open, it is not attached" EBUSY slice_attach main "$a"
like "the log says why" "$(dmesg | tail -n 2)" \
	"create $a refused: slice $slice is used by the host"
exec 3>&-
check "then it is" slice_attach main "$a"
errno_is "while it is attached, it is not opened for writing" EBUSY open_to_write
check "but for reading" head -c 4096 "/dev/$slice"
check "detach" slice_detach "$a"
check "it can be opened for writing again" open_to_write
