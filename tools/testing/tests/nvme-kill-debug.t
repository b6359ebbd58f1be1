#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=debug iommu=intel
# timeout: 400
#
# The same under the debug kernel's eyes, through iommufd.
GUESTS_OPTIONS=iommufd
KILL_ROUNDS=2
# shellcheck source=tools/testing/tests/nvme-kill.t
. /t/tools/testing/tests/nvme-kill.t
