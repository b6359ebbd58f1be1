#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# The kernel memory that a guest causes is charged to the cgroup of its VMM.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck source=tools/testing/selftests/vfio/l1.sh
. /t/tools/testing/selftests/vfio/l1.sh

groups=/sys/fs/cgroup
echo +memory >$groups/cgroup.subtree_control || exit
mkdir -p $groups/owner
# It ends the shell that it is called from
(
	echo 0 >$groups/owner/cgroup.procs
	selftest group nvme_charge
)
status=$?
rmdir $groups/owner
exit $status
