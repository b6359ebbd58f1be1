#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The modules compile without a warning for every kernel that META names, and
# with KUnit tests for the debug kernel.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
# shellcheck source=META
. "$top/META"
IFS=, read -ra series <<<"$SLUICE_KERNELS_BUILT"
plan $((${#series[@]} + 1))
for s in "${series[@]}"; do
	check "Linux $s" "$top/tools/build/modules" -W "$s"
done
build_debug() {
	local dir

	dir=$("$top/tools/testing/kernel/build") &&
		"$top/tools/build/modules" -W -o "${OUT:-$top/out}/build/debug" \
			"$dir/build" CONFIG_SLUICE_KUNIT_TEST=y
}
check "the debug kernel, with KUnit tests" build_debug
