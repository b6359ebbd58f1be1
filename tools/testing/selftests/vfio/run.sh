#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Run test programs of this directory on a device, as one TAP document.
#
# usage: run.sh [OPTION]... DEVICE [PROGRAM]...
#
# Options and DEVICE are those of the programs (see any of them with --help);
# without a PROGRAM all are run. The exit status is 0 when all passed, 4 when
# all were skipped, 1 otherwise.

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
		[ ! -f "$program" ] || [ ! -x "$program" ] ||
			[ "${program##*/}" = run.sh ] ||
			set -- "$@" "${program##*/}"
	done
fi

# What a program says, as part of one document: points numbered anew, its
# plan checked, a crash turned into a point that fails
for program; do
	echo "= begin $program"
	# shellcheck disable=SC2086 # a list of words
	"$dir/$program" $options "$device" </dev/null
	echo "= end $?"
done | awk '
BEGIN { print "TAP version 13" }
$1 == "=" && $2 == "begin" { program = $3; seen = 0; planned = -1; next }
$1 == "=" && $2 == "end" {
	if ($3 == 4) {
		printf "ok %d - %s # SKIP%s\n", ++n, program, why
		skipped++
	} else if (planned != seen || ($3 != 0 && !bad[program])) {
		printf "not ok %d - %s: status %d after %d points\n", ++n, program, $3, seen
		failed++
	}
	programs++
	fflush()
	next
}
/^TAP version/ { next }
/^1\.\./ {
	planned = substr($1, 4) + 0
	why = substr($0, index($0, "SKIP") + 4)
	next
}
/^(not )?ok / {
	seen++
	if (/^not /) { failed++; bad[program] = 1 }
	sub(/ok [0-9]+ - /, "ok " (++n) " - " program ": ")
}
/^Bail out!/ { $0 = "# " $0 }
{ print; fflush() }
END {
	printf "1..%d\n", n
	exit failed ? 1 : (skipped == programs ? 4 : 0)
}'
