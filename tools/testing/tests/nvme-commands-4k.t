#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# The test nvme-commands on a drive with blocks of 4096 bytes.
COMMANDS_DRIVE=k4 COMMANDS_BLOCK=4096
# shellcheck source=tools/testing/tests/nvme-commands.t
. /t/tools/testing/tests/nvme-commands.t
