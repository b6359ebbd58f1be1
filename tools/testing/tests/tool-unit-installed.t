#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# check-all
#
# The tests of tool-unit, of sluicectl as it is installed.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/common.sh
. "$top/tools/testing/lib/common.sh"
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
tool() { make -C "$top/tools/sluicectl" OUT="$T_BUILD/sluicectl" "$@"; }

plan 2
check "make" t_programs tool
check "make check" tool check
