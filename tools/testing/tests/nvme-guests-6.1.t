#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=6.1 iommu=intel
# check-all
#
# The test nvme-guests on a host with Linux 6.1.
# shellcheck source=tools/testing/tests/nvme-guests.t
. /t/tools/testing/tests/nvme-guests.t
