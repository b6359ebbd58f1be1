#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The test bed fails a test that leaves something behind, removes it, and looks
# at the logs of guests that still run. The scripts of this test are tests in an
# L1 that do such things.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"

work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
trap 'rm -rf "$work"; tap_end' EXIT

# script NAME: standard input becomes a script for L1
scripts=()
script() {
	{ echo ". /t/tools/testing/lib/l1.sh"; cat; } >"$work/$1.t"
	scripts+=("$work/$1.t")
}

script mdev <<-'END'
	a=$(new_uuid)
	sluice_up main
	table_write main "size=32MiB, type=slice, uuid=$a, name=alpha"
	slice_attach main "$a"
	END
script mount <<-'END'
	mkdir -p /run/planted
	mount -t tmpfs planted /run/planted
	END
script process <<-'END'
	setsid sleep 1000 &
	END
script loop <<-'END'
	modprobe -q loop
	truncate -s 1M /tmp/planted
	losetup -f /tmp/planted
	END
# The guest's log needs no guest that is up, but a QEMU that has opened it
script guest <<-'END'
	l2_start one
	opened() { readlink "/proc/$(l2_pid one)/fd"/* | grep -q one/console; }
	wait_for 30 opened
	echo "BUG: planted" >>"$L2_RUN/one/console"
	END
# timeout(1) takes the signal for the end of the time
script timeout <<-'END'
	l2_start one
	opened() { readlink "/proc/$(l2_pid one)/fd"/* | grep -q one/console; }
	wait_for 30 opened
	echo "BUG: planted" >>"$L2_RUN/one/console"
	{ sleep 1; kill -ALRM $PPID; } &
	exec sleep 60
	END
script clean <<-'END'
	left_behind
	printf '%s\n' "${LEFT_BEHIND[@]}" | grep -E 'planted|mdev|loop|sleep|qemu' && exit 1
	sluice_up main
	END

status() { cat "$work/out/$1/status"; }
# left NAME PATTERN: it was failed, and the log says why
left() {
	is "leaving a $1 behind fails a test" "$(status "$1")" 99
	check "the log names it" grep -qE "^left behind: $2" "$work/out/$1/log" ||
		diag "$(cat "$work/out/$1/log")"
}

plan 15
refuse "L1 runs" "$top/tools/testing/run-l1" -o "$work/out" "${scripts[@]}"
report=$(cat "$TAP_FILE")
left mdev 'device /sys/bus/mdev/devices/'
left mount 'mount /run/planted'
left process 'process [0-9]+ sleep 1000'
left loop 'device /sys/block/loop'
left guest 'process [0-9]+ qemu-system'
check "its log is looked at" grep -qx 'BUG: planted' "$work/out/guest/complaints"
is "another test's time is over" "$(status timeout)" 124
check "its guest's log is looked at" grep -qx 'BUG: planted' "$work/out/timeout/complaints"
is "the next test finds and leaves nothing" "$(status clean)" 0 || diag "$report"
