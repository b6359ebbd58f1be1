#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The tests of sluicectl that need neither drive nor module: as installed, and
# with the sanitizers.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/common.sh
. "$top/tools/testing/lib/common.sh"
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
tool() { make -C "$top/tools/sluicectl" OUT="$T_BUILD/sluicectl$1" "${@:2}"; }

plan 3
check "make" t_programs tool ''
check "make check" tool '' check
check "make check SANITIZE=1" tool -sanitize SANITIZE=1 check
