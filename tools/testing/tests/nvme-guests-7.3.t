#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=7.3 iommu=intel
# check-all
#
# The test nvme-guests on a host with Linux 7.3.
# shellcheck source=tools/testing/tests/nvme-guests.t
. /t/tools/testing/tests/nvme-guests.t
