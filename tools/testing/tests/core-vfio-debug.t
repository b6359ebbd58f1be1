#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=debug iommu=intel
# timeout: 600
#
# The self-tests that drive a slice through VFIO without QEMU, by way of
# the legacy group and container, on the debug kernel.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid) b=$(new_uuid)
prepare() {
	sluice_up main host_queues=2 &&
		table_write main "size=64MiB, type=slice, uuid=$a, name=one" \
			"size=64MiB, type=slice, uuid=$b, name=two" &&
		slice_attach main "$a" 4 && slice_attach main "$b" 4
}
if ! prepare; then
	echo "Bail out! no slices to test with"
	exit 1
fi
rm -f "$TAP_FILE"
exec /out/bin/vfio/run.sh --path group --second "$b" "$a"
