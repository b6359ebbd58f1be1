#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=debug iommu=intel
# timeout: 120
#
# The sample backend on a core without table/, through iommufd and the character
# device.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck source=tools/testing/sample/l1.sh
. /t/tools/testing/sample/l1.sh

beta=$(sample_uuid 02) gamma=$(sample_uuid 03) small=$(sample_uuid 11)

plan 8
check "load the core without table/ and the sample backend" sample_up
check "attach plain" sample_attach plain "$beta"
check "attach wide" sample_attach wide "$gamma"
check "attach trapped" sample_attach trapped "$small"
check "the general part of the self-tests" \
	sample_client iommufd "$beta" vfio_info vfio_config vfio_region vfio_irq
check "the sample's own on plain" sample_own iommufd "$beta"
check "the sample's own on wide" sample_own iommufd "$gamma"
check "the sample's own on trapped" sample_own iommufd "$small"
slice_detach "$beta"
slice_detach "$gamma"
slice_detach "$small"
