# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Helpers for the tests of sluicectl that need neither a drive nor the modules.
# These tests work on image files, or on a hand-made copy of sysfs. SLUICECTL is
# the path of the program under test.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"

tool=${SLUICECTL:-$top/tools/sluicectl/sluicectl}
export LC_ALL=C.UTF-8 NO_COLOR=1

scratch=$(mktemp -d)
cd "$scratch" || exit
# The trap that plan() sets ends with a call of this function.
tap_end_scratch() {
	local status=$?

	[ "$BASHPID" != "$TAP_SHELL" ] || rm -rf "$scratch"
	return "$status"
}

# begin NUMBER-OF-CHECKS
begin() {
	plan "$1"
	trap 'tap_end_scratch; tap_end' EXIT
}

# run ARGUMENT...: run sluicectl, for TOOL_SECONDS at most; set status, out and err
run() {
	status=0
	timeout "${TOOL_SECONDS:-300}" "$tool" "$@" >"$scratch/.out" 2>"$scratch/.err" || status=$?
	out=$(cat "$scratch/.out")
	err=$(cat "$scratch/.err")
}

# gives WHAT STATUS REGULAR-EXPRESSION ARGUMENT...: check that sluicectl ends
# with STATUS and that its output (errors included) matches
gives() {
	local what=$1 want=$2 pattern=$3 bad=0
	shift 3

	run "$@"
	[ "$status" = "$want" ] || bad=1
	grep -qE -- "$pattern" <<<"$out
$err" || bad=1
	result $bad "$what"
	[ $bad = 0 ] ||
		diag "status $status, want $want, and a match of '$pattern': $*" "$out" "$err"
	return $bad
}

# json FILTER: what jq makes of the last output
json() { jq -r "$1" <<<"$out"; }

# finding CHECK: print the verdict of doctor --json, and what was found
finding() { json ".findings[] | select(.check == \"$1\") | .verdict + \" \" + .found"; }

# image NAME SIZE: make a new sparse file
image() {
	rm -f "$1"
	truncate -s "$2" "$1"
}

# table IMAGE: print its entries, one per line: number start size name
# attributes
table() {
	sfdisk --json "$1" | jq -r '.partitiontable.partitions[]? |
		"\(.node | capture("(?<n>[0-9]+)$").n) \(.start) \(.size) \(.name // "") \(.attrs // "")"'
}
