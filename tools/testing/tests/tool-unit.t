#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The tests of sluicectl that need neither drive nor module, with the sanitizers.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/common.sh
. "$top/tools/testing/lib/common.sh"
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"

plan 1
check "make check SANITIZE=1" make -C "$top/tools/sluicectl" \
	OUT="$T_BUILD/sluicectl-sanitize" SANITIZE=1 check
