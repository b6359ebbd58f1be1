#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# check-all
# timeout: 240
#
# Registers and admin commands of the virtual controller.
# The client is a user-space NVMe driver; it opens the slice through the legacy
# group and container.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck source=tools/testing/selftests/vfio/l1.sh
. /t/tools/testing/selftests/vfio/l1.sh

selftest group nvme_regs nvme_identify nvme_queues nvme_features nvme_logs \
	nvme_admin
