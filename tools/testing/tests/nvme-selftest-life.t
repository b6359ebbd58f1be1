#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# check-all
# timeout: 300
#
# Resets, unmapping and the end of users, all with I/O in flight.
# The client is a user-space NVMe driver; it opens the slice through the legacy
# group and container.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck source=tools/testing/selftests/vfio/l1.sh
. /t/tools/testing/selftests/vfio/l1.sh

selftest group nvme_reset nvme_unmap nvme_exit nvme_pins
