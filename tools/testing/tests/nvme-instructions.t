#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: none
#
# Counts the instructions of the modules for a command exactly, those of them that
# lock, and accesses to the drive's registers, and compares the counts with the
# recorded numbers and the limits in count/budget.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"

count=$top/tools/testing/count
counts=${OUT:-$top/out}/count.json
mkdir -p "${counts%/*}"

# within NAME LIMIT RECORDED: compare one count
within() {
	local found

	found=$(jq -e ".$1" "$counts") || return
	echo "$found, recorded are $3, the limit is $2"
	awk -v f="$found" -v l="$2" -v r="$3" \
		'BEGIN { exit !((f > 0) == (r > 0) && f <= l && f <= r * 1.03) }'
}

mapfile -t budget < <(grep -v '^#' "$count/budget")
plan $((${#budget[@]} + 2))
check "the modules' objects run under callgrind" \
	sh -c '"$1" >"$2"' sh "$count/count" "$counts"
check "there is a budget for each of what was counted" \
	[ "$(jq length "$counts")" = ${#budget[@]} ]
for line in "${budget[@]}"; do
	# shellcheck disable=SC2086 # three words
	check "${line%%[[:space:]]*} within its budget" within $line
done
diag "$(cat "$counts")"
