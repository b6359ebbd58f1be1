#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=pt
#
# The main test with iommu=pt, where the mediator alone must isolate.
# shellcheck source=tools/testing/tests/nvme-guests.t
. /t/tools/testing/tests/nvme-guests.t
