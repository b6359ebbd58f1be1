#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=debug iommu=intel
#
# The main test on the debug kernel, guests through iommufd and the cdev.
GUESTS_OPTIONS=iommufd
# shellcheck source=tools/testing/tests/nvme-guests.t
. /t/tools/testing/tests/nvme-guests.t
