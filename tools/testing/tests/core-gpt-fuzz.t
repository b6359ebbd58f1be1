#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: none
#
# The GPT reader in user space under ASan and UBSan: its KUnit suite, images
# made by fdisk, and 200000 mutations of them, the same in each run.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/common.sh
. "$top/tools/testing/lib/common.sh"
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"

fuzz() {
	make -C "$top/tools/testing/fuzz" --no-print-directory \
		FUZZ_OUT="$T_BUILD/fuzz" RUNS=200000 SEED=1 "$@"
}

plan 5
check "the reader builds in user space" fuzz all
check "its KUnit suites pass" fuzz kunit
is "with all their cases" "$(fuzz -s kunit | grep -c '^ok ')" \
	"$(cat "$top"/drivers/core/table/gpt*_test.c | grep -c KUNIT_CASE)"
check "it reads what fdisk wrote as fdisk lists it" fuzz compare
check "it does on any disk what the model does" fuzz fuzz
