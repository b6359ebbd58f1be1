#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The test bed notices the complaints of a kernel, and nothing else: each
# pattern of lib/complaints with the lines that the table has for it.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
# shellcheck source=tools/testing/lib/logs.sh
. "$top/tools/testing/lib/logs.sh"

# matches_alone PATTERN LINE...: does the pattern match each line?
matches_alone() {
	local pattern=$1 line
	shift

	[ $# -gt 0 ] || { echo "no line is there to try it with"; return 1; }
	for line; do
		grep -qE -- "$pattern" <<<"[    1.0] $line" || { echo "not: $line"; return 1; }
	done
}

# said KIND LINE...: what of the lines is a complaint
said() { printf '[    1.0] %s\n' "$@" | log_complaints /dev/stdin; }

try_pattern() {
	local kind=${1:0:1} pattern=${1:1}

	check "matches its lines: $pattern" matches_alone "$pattern" "${bad[@]}"
	if [ "$kind" = / ]; then
		check "which are complaints" said "${bad[@]}"
		check "has a line that is close" test ${#good[@]} -gt 0
		is "which is no complaint" "$(said "${good[@]}")" ""
	else
		is "which are no complaints" "$(said "${bad[@]}")" ""
	fi
}

plan $((4 * $(log_patterns / | wc -l) + 2 * $(log_patterns ! | wc -l) + 8))
pattern='' bad=() good=()
while IFS= read -r line; do
	case $line in
	/* | !*)
		[ -z "$pattern" ] || try_pattern "$pattern"
		pattern=$line bad=() good=() ;;
	+*) bad+=("${line:1}") ;;
	-*) good+=("${line:1}") ;;
	'#'* | '') ;;
	*) check "a line of the table is understood: $line" false ;;
	esac
done <"$LOG_TABLE"
try_pattern "$pattern"

clean='[    1.0] sluice: loading out-of-tree module taints kernel.'
bug='[    1.0] BUG: KASAN: slab-use-after-free in f+0x1/0x2 [sluice]'
refuse "a clean log is no complaint" log_complaints <(echo "$clean")
is "a NUL byte hides nothing after it" \
	"$(log_complaints <(printf '%s\n\0\n%s\n' "$clean" "$bug"))" "$bug"
is "nor in the line itself" "$(log_complaints <(printf '\0BU\0G: here\n'))" "BUG: here"
is "nor does a byte that is no character" \
	"$(log_complaints <(printf '\377\n%s\n' "$bug"))" "$bug"
like "a log that is missing is a complaint" "$(log_complaints /nonexistent/dmesg)" \
	'^/nonexistent/dmesg: there is no such log$'
is "a clean log does not hide another's complaint" \
	"$(log_complaints <(echo "$bug") <(echo "$clean"))" "$bug"
check "and that fails the test" log_complaints <(echo "$bug") <(echo "$clean")
is "what a test may provoke is no complaint" \
	"$(LOG_ALLOWED='use-after-free' log_complaints <(echo "$bug"; echo "BUG: other"))" "BUG: other"
