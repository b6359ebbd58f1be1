#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=none append=swiotlb=force
#
# If DMA went through bounce buffers, guest memory could not be mapped for the
# drive: binding is refused, and the log says why.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

plan 5
check "the modules load" modules_load
refuse "binding is refused" drive_to main sluice_nvme
is "no driver is bound" "$(drive_driver main)" none
like "the log says why" "$(dmesg | grep -i sluice)" 'bounce|swiotlb'
modprobe nvme
check "the stock driver can still have it" drive_to main nvme
