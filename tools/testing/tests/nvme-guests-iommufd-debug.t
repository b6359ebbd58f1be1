#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=debug iommu=intel
# check-all
# timeout: 400
#
# The test nvme-guests on the debug kernel; QEMU uses the slices through IOMMUFD
# and the cdev.
export GUESTS_OPTIONS=iommufd
# shellcheck source=tools/testing/tests/nvme-guests.t
. /t/tools/testing/tests/nvme-guests.t
