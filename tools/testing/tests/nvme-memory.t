#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# Guest memory that VFIO cannot pin, such as a file of an ext4 file system: the
# kernel's log says which address, why, and what helps.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

# Without the memory of its queues a controller cannot go on
provokes host 'sluice [0-9a-f-]+: controller fatal status'
a=$(new_uuid)
export SLUICE_TEST_UNPINNABLE=/mnt
if ! sluice_up main || ! table_write main "size=64MiB, type=slice, uuid=$a, name=a" \
	"size=64MiB, type=L, name=host" || ! slice_attach main "$a"; then
	echo "Bail out! no slice to test with"
	exit 1
fi
host=/dev/$(drive_disk main)p2
mkfs.ext4 -q -F "$host" && mount -t ext4 "$host" /mnt || exit
rm -f "$TAP_FILE"
/out/bin/vfio/run.sh --path group "$a" nvme_memory
status=$?
umount /mnt
slice_detach "$a"
exit $status
