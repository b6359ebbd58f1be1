# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For the tests of sluicectl that need neither a drive nor the modules. They
# work on image files, and where it is about sysfs on a copy made by hand.
# SLUICECTL names the program under test.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"

tool=${SLUICECTL:-$top/tools/sluicectl/sluicectl}
export LC_ALL=C.UTF-8 NO_COLOR=1

scratch=$(mktemp -d)
cd "$scratch" || exit
# plan() sets a trap of its own: it ends with this.
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

# run ARGUMENT...: the tool; leaves its status, out and err
run() {
	status=0
	"$tool" "$@" >"$scratch/.out" 2>"$scratch/.err" || status=$?
	out=$(cat "$scratch/.out")
	err=$(cat "$scratch/.err")
}

# gives WHAT STATUS REGULAR-EXPRESSION ARGUMENT...: the tool ends with STATUS,
# and what it prints (errors included) has a match
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

# finding CHECK: verdict of doctor --json, and what was found
finding() { json ".findings[] | select(.check == \"$1\") | .verdict + \" \" + .found"; }

# image NAME SIZE: a new sparse file
image() {
	rm -f "$1"
	truncate -s "$2" "$1"
}

# table IMAGE: its entries, one a line: number start size name attributes
table() {
	sfdisk --json "$1" | jq -r '.partitiontable.partitions[]? |
		"\(.node | capture("(?<n>[0-9]+)$").n) \(.start) \(.size) \(.name // "") \(.attrs // "")"'
}
