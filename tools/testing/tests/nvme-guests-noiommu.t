#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=none
#
# The main test without any IOMMU, where the mediator alone must isolate.
# shellcheck source=tools/testing/tests/nvme-guests.t
. /t/tools/testing/tests/nvme-guests.t
