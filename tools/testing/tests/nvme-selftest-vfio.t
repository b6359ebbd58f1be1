#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# check-all
# timeout: 120
#
# What VFIO shows of a slice: information, configuration space, regions,
# interrupts.
# The client is a user-space NVMe driver; it opens the slice through the legacy
# group and container.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck source=tools/testing/selftests/vfio/l1.sh
. /t/tools/testing/selftests/vfio/l1.sh

selftest group vfio_info vfio_config vfio_region vfio_irq
