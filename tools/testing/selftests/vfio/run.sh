#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Run test programs of this directory on a device; print one TAP document.
#
# usage: run.sh [OPTION]... DEVICE [PROGRAM]...
#
# For the options and DEVICE run a program with --help. Without a PROGRAM all
# are run. The file "plan" beside this script has lines "PROGRAM POINTS...": a
# program fails that has no line or makes another number of points. With --case
# it may make any number, since the plan does not say which points are of which
# case. The exit status is 0 when all passed, 4 when all were skipped, 1
# otherwise.

die() {
	echo "${0##*/}: $*" >&2
	exit 2
}

dir=$(cd "$(dirname "$0")" && pwd) || exit 2
options='' plan=$dir/plan
[ -r "$plan" ] || die "there is no $plan"
while [ $# -gt 0 ]; do
	case $1 in
	--path | --second | --seed | --count | --case)
		[ $# -ge 2 ] || die "$1 needs a value"
		options="$options $1 $2"
		[ "$1" != --case ] || plan=
		shift 2
		;;
	--trapped)
		options="$options $1"
		shift
		;;
	--*) die "unknown option: $1" ;;
	*) break ;;
	esac
done
[ $# -ge 1 ] || die "no device given"
device=$1
shift

if [ $# -eq 0 ]; then
	for program in "$dir"/*; do
		[ ! -f "$program" ] || [ ! -x "$program" ] ||
			[ "${program##*/}" = run.sh ] ||
			set -- "$@" "${program##*/}"
	done
fi

run_all() {
	for program; do
		echo "= begin $program"
		# shellcheck disable=SC2086 # a list of words
		"$dir/$program" $options "$device" </dev/null
		echo "= end $?"
	done
}

# A program has ended with status $1: check that it kept its plan, and that each
# failure shows as a test point
end_program() {
	if [ "$1" = 4 ]; then
		n=$((n + 1))
		skipped=$((skipped + 1))
		echo "ok $n - $program # SKIP$why"
	elif [ "$planned" != "$seen" ] || { [ "$1" != 0 ] && [ "$bad" = 0 ]; }; then
		n=$((n + 1))
		failed=$((failed + 1))
		echo "not ok $n - $program: status $1 after $seen points"
	fi
	[ -z "$plan" ] || [ "$bad" = 1 ] || check_plan "$(sed -n "s/^$program //p" "$plan")"
	programs=$((programs + 1))
}

# Was it planned that the program makes so many points, without those skipped?
# There may be several numbers, since not every device or kernel has everything.
check_plan() {
	case " $1 " in
	*" $made "*) return ;;
	esac
	n=$((n + 1))
	failed=$((failed + 1))
	echo "not ok $n - $program: $made points, planned are ${1:-none}"
}

# Merge the output of the programs into one document: number the points again,
# each as soon as it comes. (awk would buffer its output.)
merge() {
	n=0 failed=0 skipped=0 programs=0
	echo "TAP version 13"
	while IFS= read -r line; do
		case $line in
		"= begin "*)
			program=${line#= begin }
			seen=0 made=0 bad=0 planned=none why=
			;;
		"= end "*) end_program "${line#= end }" ;;
		"TAP version"*) ;;
		1..*)
			planned=${line#1..}
			why=${planned#*SKIP}
			planned=${planned%% *}
			;;
		"ok "* | "not ok "*)
			n=$((n + 1)) seen=$((seen + 1))
			case $line in
			not*) bad=1 failed=$((failed + 1)) ;;
			*"# SKIP"*) ;;
			*) made=$((made + 1)) ;;
			esac
			echo "${line%%ok *}ok $n - $program: ${line#*ok * - }"
			;;
		"Bail out!"*) echo "# $line" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
	echo "1..$n"
	[ $failed = 0 ] || return 1
	[ $skipped != $programs ] || return 4
}

run_all "$@" | merge
