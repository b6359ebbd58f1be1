#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# check-all
#
# The test nvme-guests on a drive with blocks of 4096 bytes.
GUESTS_DRIVE=k4
# shellcheck source=tools/testing/tests/nvme-guests.t
. /t/tools/testing/tests/nvme-guests.t
