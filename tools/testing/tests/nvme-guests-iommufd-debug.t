#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=debug iommu=intel
# timeout: 400
#
# The main job on the debug kernel, with the slices given to QEMU by IOMMUFD and
# the cdev.
export GUESTS_OPTIONS=iommufd
# shellcheck source=tools/testing/tests/nvme-guests.t
. /t/tools/testing/tests/nvme-guests.t
