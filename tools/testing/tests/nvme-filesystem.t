#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# A file system on a slice survives the guest's reboot, the guest and the
# attachment; the host can read the file system, except while a guest has it.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid)
plan 22
check "bind the drive" sluice_up main
disk=$(drive_disk main)
check "one slice" table_write main "start=1MiB, size=128MiB, type=slice, uuid=$a, name=files"
check "attach" slice_attach main "$a"
l2_start one reboot "$a"
check "the guest is up" l2_up one
check "it makes a file system and copies a tree" l2_run one '
	mkfs.ext4 -q -F /dev/nvme0n1 && mount -t ext4 /dev/nvme0n1 /mnt &&
	cp -a /bin /lib /modules /mnt/ && sync &&
	(cd /mnt && find bin lib modules -type f | sort | xargs md5sum) >/tmp/sums &&
	cp /tmp/sums /mnt/sums && umount /mnt'
sum='mount -t ext4 -o ro /dev/nvme0n1 /mnt && (cd /mnt && md5sum -c sums >/tmp/check 2>&1; s=$?; grep -v "OK$" /tmp/check; exit $s); s=$?
	wc -l </mnt/sums; umount /mnt; exit $s'
check "and finds it there" l2_run one "$sum"
files=$(l2_run one "$sum")
like "more than a few files" "$files" '^[1-9][0-9]+'

l2_send one 'reboot -f'
check "the guest restarts with the slice" l2_up one 2
is "everything is there" "$(l2_run one "$sum")" "$files"
check "a file more" l2_run one 'mount -t ext4 /dev/nvme0n1 /mnt && echo here >/mnt/one && umount /mnt'
l2_send one 'mount -t ext4 /dev/nvme0n1 /mnt; echo b >/proc/sysrq-trigger'
check "it restarts at once, without a shutdown" l2_up one 3
check "no harm done" l2_run one "$sum"
errno_is "the host cannot mount it meanwhile" "mount point busy" mount -t ext4 "/dev/${disk}p1" /mnt
check "the guest ends" l2_stop one
check "detach" slice_detach "$a"

check "attach again, with other queues" slice_attach main "$a" 4
l2_start two vcpus=2 "$a"
check "another guest is up" l2_up two
is "it finds all files" "$(l2_run two "$sum")" "$files"
is "and the one of the first" "$(l2_run two 'mount -t ext4 -o ro /dev/nvme0n1 /mnt; cat /mnt/one; umount /mnt')" here
l2_stop two
slice_detach "$a"
mkdir -p /mnt
check "now the host can mount it" mount -t ext4 "/dev/${disk}p1" /mnt
is "and reads the same" "$(cat /mnt/one; cd /mnt && md5sum --quiet -c sums 2>&1 | head -n 3)" here
errno_is "which keeps guests out" EBUSY slice_attach main "$a"
umount /mnt
