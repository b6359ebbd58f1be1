#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: none
# quiet
#
# Three slices are busy and idle in turn, a million times each, with the poller
# and the doorbell page as compiled for the kernel: no doorbell is lost. Then
# two slices are busy all the time; the third is served in its turn.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"

# "1200000 doorbells seen, 110211 times the page was away, in 95 s
#  0 of 40000 doorbells late, among 191857 visits of busy slices"
toggle() { said=$("$top/tools/testing/toggle/toggle" 400000); }

plan 5
check "every doorbell is seen" toggle
{
	read -r seen _ _ away _
	read -r late _ all _ _ _ visits _
} <<<"$said"
is "all of them" "$seen" 1200000
check "the page was away for many" test "$away" -gt 10000
check "two were busy meanwhile" test "$visits" -gt 10000
check "which kept hardly any doorbell waiting" test $((100 * late)) -lt "$all"
diag "$said"
