#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Run test programs of this directory on a device.
#
# usage: run.sh [OPTION]... DEVICE [PROGRAM]...
#
# Options and DEVICE are those of the programs (see any of them with --help);
# without a PROGRAM all are run. Each prints a TAP document of its own between
# lines that name it; the exit status is 0 when all passed, 4 when all were
# skipped, 1 otherwise.

die() {
	echo "${0##*/}: $*" >&2
	exit 2
}

dir=$(cd "$(dirname "$0")" && pwd) || exit 2
options=
while [ $# -gt 0 ]; do
	case $1 in
	--path | --second | --seed | --count | --case)
		[ $# -ge 2 ] || die "$1 needs a value"
		options="$options $1 $2"
		shift 2
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
		if [ -x "$program" ] && [ -f "$program" ] &&
		   [ "${program##*/}" != run.sh ]; then
			set -- "$@" "${program##*/}"
		fi
	done
fi
[ $# -ge 1 ] || die "no program in $dir: build them first"

passed=0
failed=0
for program; do
	echo "# begin $program"
	# shellcheck disable=SC2086 # a list of words
	"$dir/$program" $options "$device"
	status=$?
	echo "# end $program: exit status $status"
	case $status in
	0) passed=$((passed + 1)) ;;
	4) ;;
	*) failed=$((failed + 1)) ;;
	esac
done

[ $failed -eq 0 ] || exit 1
[ $passed -gt 0 ] || exit 4
exit 0
