#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=debug iommu=intel
# check-all
#
# The test nvme-container on the debug kernel, with two slices in one address space
# of IOMMUFD. It ends in a WARN when it has told them a hundred times.
export CONTAINER_PATH=iommufd
# shellcheck source=tools/testing/tests/nvme-container.t
. /t/tools/testing/tests/nvme-container.t
