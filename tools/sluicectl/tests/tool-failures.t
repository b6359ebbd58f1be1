#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# All or nothing: in each round another read, write or sync of the disk fails. A
# command that reports failure must have left the table unchanged; a command
# that reports success must have done its work.
# shellcheck source=tools/sluicectl/tests/lib.sh
. "$(dirname "$0")/lib.sh"

begin 17
here=$top/tools/sluicectl/tests
check "the library that injects failures builds" \
	"${CC:-cc}" -shared -fPIC -O2 -Wall -o failnth.so "$here/failnth.c" -ldl || exit 1

# entries IMAGE: print the entries of its table; nothing for a blank disk
entries() { table "$1" 2>/dev/null | sort; }

# same_ends IMAGE: check that the first and last 64 KiB equal those of
# IMAGE.orig
same_ends() {
	cmp -s -n 65536 "$1" "$1.orig" && cmp -s -i $((1023 * 65536)) "$1" "$1.orig"
}

# sweep WHAT IMAGE ENTRIES-ON-SUCCESS ARGUMENT...: restore IMAGE from IMAGE.orig
# before each round; stop after the first round without a failure
sweep() {
	local what=$1 img=$2 want_after=$3 want_before n=0 wrong='' failed=0
	shift 3

	want_before=$(entries "$img.orig")
	while :; do
		n=$((n + 1))
		cp --sparse=always "$img.orig" "$img"
		rm -f fail.log
		status=0
		LD_PRELOAD=$scratch/failnth.so FAIL_FILE=$img FAIL_NTH=$n \
			FAIL_LOG=$scratch/fail.log "$tool" "$@" >.out 2>.err ||
			status=$?
		[ -e fail.log ] || break
		if [ $status = 0 ]; then
			[ "$(entries "$img" | wc -l)" = "$want_after" ] ||
				wrong+=" $n($(cat fail.log)): success, but the table is wrong;"
		else
			failed=$((failed + 1))
			[ -s .err ] || wrong+=" $n($(cat fail.log)): no message;"
			[ $status -lt 128 ] || wrong+=" $n($(cat fail.log)): status $status;"
			[ "$(entries "$img")" = "$want_before" ] ||
				wrong+=" $n($(cat fail.log)): status $status, but the table changed;"
			[ -n "$want_before" ] || same_ends "$img" ||
				wrong+=" $n($(cat fail.log)): the ends of the disk changed;"
		fi
		[ $n -lt 500 ] || break
	done
	is "$what: nothing is left half done" "$wrong" ""
	is "$what: works when nothing fails" "$status $(entries "$img" | wc -l)" "0 $want_after"
	diag "$what: $n calls, $failed of them made it fail"
	is "$what: many failures were seen" "$((failed >= 5))" 1
}

# Random bytes, which no program recognises, where the table will be
image disk.img.orig 64M
head -c 64K /dev/urandom | dd of=disk.img.orig bs=64K conv=notrunc status=none
head -c 64K /dev/urandom | dd of=disk.img.orig bs=64K seek=1023 conv=notrunc status=none
sweep "create on a blank disk" disk.img 1 create disk.img --name a --size 8M

image disk.img.orig 64M
"$tool" create disk.img.orig --name a --size 8M >.out
"$tool" create disk.img.orig --name b --size 8M >.out
sweep "create beside others" disk.img 3 create disk.img --name c --size 8M
sweep "create with old data kept" disk.img 3 create disk.img --name c --size 8M --keep-data
sweep "destroy" disk.img 1 destroy b --disk disk.img
sweep "destroy --wipe" disk.img 1 destroy a --disk disk.img --wipe
gives "the table of the last round is whole" 0 "created" create disk.img --name z --size max
