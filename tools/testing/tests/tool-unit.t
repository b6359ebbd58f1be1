#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The tests of sluicectl that need neither drive nor module: as installed, and
# with the sanitizers.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
out=${OUT:-$top/out}/build
plan 2
check "make check" make -C "$top/tools/sluicectl" OUT="$out/sluicectl" check
check "make check SANITIZE=1" make -C "$top/tools/sluicectl" \
	OUT="$out/sluicectl-sanitize" SANITIZE=1 check
