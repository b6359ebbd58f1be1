#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The test bed notices the complaints of a kernel, and nothing else.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
# shellcheck source=tools/testing/lib/logs.sh
. "$top/tools/testing/lib/logs.sh"
bad=(
	"[    1.0] WARNING: CPU: 1 PID: 12 at drivers/core/mdev.c:1 f+0x1/0x2 [sluice]"
	"[    1.0] BUG: KASAN: slab-use-after-free in f+0x1/0x2 [sluice]"
	"[    1.0] UBSAN: array-index-out-of-bounds in drivers/nvme/vio.c:1:2"
	"[    1.0] WARNING: possible circular locking dependency detected"
	"[    1.0] INFO: task qemu-system-x86:12 blocked for more than 60 seconds."
	"[    1.0] DMA-API: sluice_nvme 0000:01:00.0: device driver frees DMA memory with wrong function"
	"[    1.0] DMAR: [DMA Write NO_PASID] Request device [01:00.0] fault addr 0x1000"
	"[    1.0] BUG: unable to handle page fault for address: ffff888000000000"
	"[    1.0] refcount_t: underflow; use-after-free."
	"[    1.0] kmemleak: unreferenced object 0xffff888000000000 (size 64):"
	"[    1.0] Kernel panic - not syncing: Fatal exception"
)
good=(
	"[    1.0] DMA-API: preallocated 65536 debug entries"
	"[    1.0] DMA-API: debugging enabled by kernel config"
	"[    1.0] kasan: KernelAddressSanitizer initialized"
	"[    1.0] sluice: loading out-of-tree module taints kernel."
	"[    1.0] sluice_nvme 0000:01:00.0: read error, sector 2048"
)
plan $((${#bad[@]} + ${#good[@]} + 1))
for line in "${bad[@]}"; do
	is "noticed: ${line#* }" "$(log_complaints <(echo "$line"))" "$line"
done
for line in "${good[@]}"; do
	is "let pass: ${line#* }" "$(log_complaints <(echo "$line"))" ""
done
refuse "a clean log is no complaint" log_complaints <(printf '%s\n' "${good[@]}")
