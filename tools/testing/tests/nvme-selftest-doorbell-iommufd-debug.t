#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=debug iommu=intel
# check-all
# timeout: 300
#
# Doorbells that are mapped, polled or shadowed, and coalesced interrupts.
# The client is a user-space NVMe driver; it opens the slice through iommufd and
# the character device, on the debug kernel.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck source=tools/testing/selftests/vfio/l1.sh
. /t/tools/testing/selftests/vfio/l1.sh

selftest iommufd vfio_mmap nvme_toggle nvme_dbbuf nvme_coalesce
