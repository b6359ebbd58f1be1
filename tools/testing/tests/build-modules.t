#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The modules compile without a warning for every kernel that META names, and
# with KUnit tests for the debug kernel.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/common.sh
. "$top/tools/testing/lib/common.sh"
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
# shellcheck source=META
. "$top/META"
# shellcheck source=tools/testing/lib/common.sh
. "$top/tools/testing/lib/common.sh"
# shellcheck source=tools/testing/lib/machine.sh
. "$top/tools/testing/lib/machine.sh"
IFS=, read -ra series <<<"$SLUICE_KERNELS_BUILT"
plan $((${#series[@]} + 1))
# The tests in L1 load what is built here
for s in "${series[@]}"; do
	kernel=$s
	[ "$s" != "$T_KERNEL_SERIES" ] || kernel=stock
	check "Linux $s" machine_modules "$kernel"
done
check "the debug kernel, with KUnit tests" machine_modules debug
