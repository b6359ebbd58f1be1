#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=7.3 iommu=intel
#
# The VFIO self-tests of what differs most between kernels, on Linux 7.3:
# interrupts, mappings, pinning and unmapping.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck source=tools/testing/selftests/vfio/l1.sh
. /t/tools/testing/selftests/vfio/l1.sh

selftest group vfio_info vfio_irq vfio_mmap nvme_doorbell nvme_pins nvme_unmap
