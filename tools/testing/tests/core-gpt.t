#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The partition table parser in user space, with sanitizers: its KUnit suite,
# against libfdisk, and fuzzed.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
plan 3
for target in kunit compare fuzz; do
	check "$target" make -C "$top/tools/testing/fuzz" \
		OUT="${OUT:-$top/out}/build/fuzz" $target
done
