#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: none
#
# A guest's thread and the poller's, on two processors of this machine, with the
# modules as compiled for the kernel: every command is completed, at each queue
# depth. How fast is for "make bench-native" to say, not for a test.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/common.sh
. "$top/tools/testing/lib/common.sh"
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"

program=$T_BUILD/native/native

native() { said=$("$top/tools/testing/native/native" -j -r 3); }
figures() { [ "$said" ] && jq -e "$1" <<<"$said"; }

# notices MISTAKE WORDS: the program fails, and says why
notices() {
	local why

	! why=$("$program" -r 1 -m "$1" 2>&1) && grep "$2" <<<"$why"
}

# A command that ends before its time was not completed by the drive
slow_drive() { said=$("$program" -r 3 -d 50000); }

plan 7
check "every command is completed" native
check "in each of the windows" figures '.commands >= 3 * (1 + 8 + 32 + 128)'
check "there are all figures" \
	figures '[.[] | numbers | select(. <= 0)] == [0] and length == 15'
check "a lost command would be noticed" notices lose 'a command is lost'
check "and a wrong address" notices astray 'first page: '
check "a drive that takes its time" slow_drive
check "does so for each command" figures '.qd1_p50_ns >= 50000'
diag "$said"
