#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The test bed fails a test for what it left in its logs. The real "exec" runs
# tests here whose L1 is made up: a script that writes what run-l1 would.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"

bed=$(mktemp -d)
trap 'rm -rf "$bed"; tap_end' EXIT
mkdir -p "$bed"/tools/testing/{tests,lib}
cp "$top"/tools/testing/lib/{*.sh,complaints} "$bed/tools/testing/lib"
cp "$top/tools/testing/exec" "$bed/tools/testing"
mkdir -p "$bed/tools/build"
cp "$top/tools/build/steps.sh" "$bed/tools/build"
unset SLUICE_TESTS SLUICE_RUN TEST_DECLARED
export OUT=$bed/out

# The made-up L1: for each test there is a script NAME.l1. Its DIR is where it
# leaves the test's logs, and "say" speaks on L1's console.
cat >"$bed/tools/testing/run-l1" <<'END'
#!/bin/bash
while [ $# -gt 0 ]; do
	case $1 in
	-k | -i) shift 2 ;;
	-q) shift ;;
	-o) RUN=$2; shift 2 ;;
	*) break ;;
	esac
done
say() { printf '[    1.0] %s\r\n' "$@" >>"$RUN/console"; }
say "Linux version"
for test; do
	name=$(basename "$test" .t) DIR=$RUN/$(basename "$test" .t)
	mkdir -p "$DIR"
	say "test bed: $name starts"
	: >"$DIR/log"
	echo "[    1.0] test bed: $name starts" >"$DIR/dmesg"
	printf '1..1\nok 1 - point\n' >"$DIR/tap"
	status=0
	. "${test%.t}.l1"
	say "test bed: $name ends"
	[ -z "$status" ] || echo $status >"$DIR/status"
	[ -n "$status" ] || exit
done
say "reboot: Power down"
[ ! -e "${test%.t}.last" ] || . "${test%.t}.last"
echo >"$RUN/end"
END
chmod +x "$bed/tools/testing/run-l1"

# l1_test NAME LINE...: a test whose L1 does what the lines say
l1_test() {
	printf '# l1: kernel=stock iommu=intel\n' >"$bed/tools/testing/tests/$1.t"
	printf '%s\n' "${@:2}" >"$bed/tools/testing/tests/$1.l1"
}
l0_test() { printf '%s\n' "${@:2}" >"$bed/tools/testing/tests/$1.t"; }

run_of=0
# run NAME...: all in one run; set said[NAME] and status[NAME]
run() {
	local name all=''

	declare -gA said=() status=()
	run_of=$((run_of + 1))
	for name; do
		all+=" $bed/tools/testing/tests/$name.t"
	done
	for name; do
		status[$name]=0
		said[$name]=$(SLUICE_TESTS=$all SLUICE_RUN=$run_of "$bed/tools/testing/exec" \
			"$bed/tools/testing/tests/$name.t" 2>&1) || status[$name]=$?
	done
}

# passes WHAT LINE..., fails WHAT WHY LINE...: a test alone in its L1
passes() {
	l1_test alone "${@:2}"
	run alone
	is "passes: $1" "${status[alone]}" 0 || diag "${said[alone]}"
}
fails() {
	l1_test alone "${@:3}"
	run alone
	is "fails: $1" "$([ "${status[alone]}" = 0 ] || grep -cE -- "$2" <<<"${said[alone]}")" 1 ||
		diag "status ${status[alone]}" "${said[alone]}"
}

bug='BUG: planted'
plan 46

passes "a test that leaves nothing" true
fails "a complaint in the kernel's log" "$bug" "echo '$bug' >>\$DIR/dmesg"
fails "one behind a NUL" "$bug" "printf 'a\\0\\n$bug\\n' >>\$DIR/dmesg"
fails "one on the console alone" "$bug" "say '$bug'"
fails "hundreds of them" "^# complaints, all of them" \
	"for i in {1..700}; do echo \"$bug \$i\" >>\$DIR/dmesg; done"
fails "no log" "no such log" 'rm $DIR/dmesg'
fails "a complaint of a guest" "$bug" 'echo one >$DIR/guests' \
	"echo '$bug' >\$DIR/l2-one.console"
fails "a guest without a log" "no such log" 'echo one >$DIR/guests'
passes "a guest with a clean log" 'echo one >$DIR/guests' 'echo Linux >$DIR/l2-one.console'

# What is declared
error='I/O error, dev nvme0n1, sector 8'
fails "an error of a guest's disk" "$error" 'echo one >$DIR/guests' \
	"echo '$error' >\$DIR/l2-one.console"
passes "a declared one" 'printf "one\ntwo\n" >$DIR/guests' ': >$DIR/l2-two.console' \
	"echo '$error' >\$DIR/l2-one.console" 'echo "one I/O error.*nvme0n1" >$DIR/declared'
fails "one of another guest than declared" "$error" 'printf "one\ntwo\n" >$DIR/guests' \
	"echo '$error' | tee \$DIR/l2-one.console >\$DIR/l2-two.console" \
	'echo "one I/O error.*nvme0n1" >$DIR/declared'
fails "a declared one that never came" "nobody saw \(one\): I/O error" \
	'echo one >$DIR/guests; echo Linux >$DIR/l2-one.console' 'echo "one I/O error" >$DIR/declared'
passes "one of the host, declared" \
	"echo '$error' >>\$DIR/dmesg; say '$error'" 'echo "host I/O error" >$DIR/declared'

passes "one that is tolerated" "echo '$error' >>\$DIR/dmesg" 'echo "host~ I/O error" >$DIR/declared'
passes "one that is tolerated and does not come" 'echo "host~ I/O error" >$DIR/declared'

fails "what another program printed" "not TAP: ok$" 'echo ok >>$DIR/tap'

# What is not tried
fails "a skipped point" "not declared: ok 1 - point # SKIP" \
	'echo "ok 1 - point # SKIP no such thing" >$DIR/tap'
# In two halves, since nothing is left open here
todo=TO
todo+=DO
fails "a point that may fail" "not declared: not ok 1 - point # $todo" \
	"echo 'not ok 1 - point # $todo later' >\$DIR/tap"
fails "a test that skips everything" "not declared: 1..0 # SKIP" \
	'echo "1..0 # SKIP nothing here" >$DIR/tap'
passes "a skipped point, declared" \
	'echo "ok 1 - point # SKIP no such thing" >$DIR/tap' 'echo "skip no such thing" >$DIR/declared'
fails "a declared one that was made" "declared as skipped, but it was not: no such thing" \
	'echo "skip no such thing" >$DIR/declared'
l0_test here '. '"$top"'/tools/testing/lib/tap.sh' 'plan 1' 'echo "ok 1 - a # SKIP b"; TAP_DONE=1'
run here
is "fails: a skipped point on L0" "${status[here]}" 1
l0_test here '. '"$top"'/tools/testing/lib/tap.sh' 'plan 1' 'skips " a #"' \
	'echo "ok 1 - a # SKIP b"; TAP_DONE=1'
run here
is "passes: a declared one on L0" "${status[here]}" 0

# Several tests in one L1
l1_test first true
l1_test second "say '$bug'"
l1_test third true
run first second third
is "a complaint on the console fails the test that was running" \
	"${status[first]} ${status[second]} ${status[third]}" "0 1 0"
l1_test first true
l1_test second true
echo "say '$bug'" >"$bed/tools/testing/tests/second.last"
run first second
is "one after the last test the last" "${status[first]} ${status[second]}" "0 1"
rm "$bed/tools/testing/tests/second.last"
sed -i "s/Linux version/$bug/" "$bed/tools/testing/run-l1"
run first second
is "one before the first test the first" "${status[first]} ${status[second]}" "1 0"
sed -i "s/$bug/Linux version/" "$bed/tools/testing/run-l1"

# A panic
l1_test second "say 'Kernel panic - not syncing'; status="
run first second third
is "a panic fails its test, the next boots again" \
	"${status[first]} ${status[second]} ${status[third]}" "0 1 0"
like "it is said when" "${said[third]}" '# L1 has to boot again, its first end is in'
check "the evidence stays" grep -q "Kernel panic" "$OUT/logs/stock-intel.before-third/console"
check "and the test's logs are found" test -e "$OUT/logs/second/dmesg"
check "those of the test before too" test -e "$OUT/logs/first/status"
l1_test second true
run first second third
check "a later run does not keep it" test ! -e "$OUT/logs/stock-intel.before-third"

# A boot that was given up
again='printf "%s\n" "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:" \
	"NMI backtrace for cpu 1" "Call Trace:" \
	"NMI received for unknown reason 00" "BUG: here" >$RUN/console-1'
passes "a boot that was tried again" "$again"
like "the TAP says so" "${said[alone]}" '^# L1 came up only when it booted again'
fails "one with a complaint" "BUG: early" "$again; sed -i '1i BUG: early' \$RUN/console-1"

# What a test's end does
mkdir "$bed/scratch"
l0_test here '. '"$top"'/tools/testing/lib/tap.sh' "trap 'rm -r $bed/scratch; tap_end' EXIT" \
	'plan 2' 'result 0 one'
run here
is "fails: fewer points than planned" "${status[here]}" 1
check "a trap that was set before the plan stays" test ! -e "$bed/scratch"

# A run by hand: the real run-l1, whose QEMU is made up
cp "$top/tools/testing/run-l1" "$bed/tools/testing/by-hand"
cat >"$bed/tools/testing/lib/machine.sh" <<'END'
test_name() { basename "$1" .t; }
machine_qemu() { echo "$SLUICE_CACHE"; }
machine_drives() { :; }
machine_nbd_stop() { :; }
machine_arguments() { MACHINE=("$RUN_OUT"); }
t_machine() { "$@"; }
END
mkdir "$bed/cache"
cat >"$bed/cache/qemu-system-x86_64" <<'END'
#!/bin/bash
: >"$1/begun"
mkdir "$1/alone"
. "$OUT/alone.l1" >"$1/alone/dmesg"
echo "ok 1 - point" >"$1/alone/tap"
echo 0 >"$1/alone/status"
: | tee "$1/console" "$1/end"
END
chmod +x "$bed/cache/qemu-system-x86_64"
by_hand() {
	echo "$1" >"$OUT/alone.l1"
	SLUICE_CACHE=$bed/cache timeout 60 "$bed/tools/testing/by-hand" -n -o "$bed/hand" \
		"$bed/tools/testing/tests/alone.t" </dev/null
}
check "passes: a run by hand without a complaint" by_hand 'echo Linux'
refuse "fails: one with hundreds" by_hand "for i in {1..30000}; do echo '$bug'; done"

# What makes no point
cp "$top/tools/testing/selftests/vfio/run.sh" "$bed"
printf '%s\n' '#!/bin/sh' 'echo "ok 1 - a"; echo "ok 2 - b"; echo 1..2' >"$bed/two"
chmod +x "$bed/two"
echo "two 1 2" >"$bed/plan"
check "a program makes as many points as planned" "$bed/run.sh" dev two
echo "two 3" >"$bed/plan"
like "another number fails" "$("$bed/run.sh" dev two)" \
	'^not ok 3 - two: 2 points, planned are 3$'
echo "other 3" >"$bed/plan"
like "so does a program without a line" "$("$bed/run.sh" dev two)" \
	'^not ok 3 - two: 2 points, planned are none$'
printf '%s\n' '#!/bin/sh' 'echo "ok 1 - a"; echo "ok 2 - b # SKIP c"; echo 1..2' >"$bed/skips"
chmod +x "$bed/skips"
echo "skips 2" >>"$bed/plan"
like "what it skips does not count" "$("$bed/run.sh" dev skips)" \
	'^not ok 3 - skips: 1 points, planned are 2$'
check "with --case it may make any number" "$bed/run.sh" --case a dev two
cat >"$bed/empty.c" <<'END'
#include "tap.h"
int main(void)
{
	tap_begin();
	tap_group("none");
	tap_group("some");
	ok(1, "a point");
	return tap_end();
}
END
lib=$top/tools/testing/selftests/vfio/lib
gcc -I"$lib" -o "$bed/empty" "$bed/empty.c" "$lib/tap.c"
like "a case without a point fails" "$("$bed/empty" | paste -sd,)" \
	'not ok 1 - none: makes a point,.*ok 2 - some: a point,1..2'
