# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# TAP for shell scripts. A test calls plan, then makes its checks. The exit
# status is 0 if all checks passed. The output of a failed check follows as a
# comment. A test that sets a trap of its own for its end calls tap_end there.

TAP_PLAN=0 TAP_DONE=0 TAP_FAILED=0
TAP_FILE=$(mktemp)
TAP_SHELL=$BASHPID
trap tap_end EXIT

plan() {
	TAP_PLAN=$1
	echo "1..$1"
}

tap_end() {
	local status=$?

	[ "$BASHPID" = "$TAP_SHELL" ] || return "$status"
	rm -f "$TAP_FILE"
	[ "$TAP_DONE" = "$TAP_PLAN" ] ||
		echo "# $TAP_DONE checks made of $TAP_PLAN planned"
	[ "$TAP_FAILED" = 0 ] && [ "$TAP_DONE" = "$TAP_PLAN" ] || exit 1
	exit "$status"
}

# provokes WHERE PATTERN: the test makes a kernel print lines that would be
# complaints: the host's (WHERE is "host"), or that of the guest WHERE. The test
# fails if there is no such line.
provokes() { tap_declare "$1" "$2"; }

# tolerates WHERE PATTERN: the same, but such lines may come or not
tolerates() { tap_declare "$1~" "$2"; }

# skips PATTERN: as provokes, of points that cannot be made here
skips() { tap_declare skip "$1"; }

tap_declare() { [ -z "${TEST_DECLARED-}" ] || echo "$1 $2" >>"$TEST_DECLARED"; }

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

result() {
	TAP_DONE=$((TAP_DONE + 1))
	if [ "$1" = 0 ]; then
		echo "ok $TAP_DONE - $2"
	else
		TAP_FAILED=$((TAP_FAILED + 1))
		echo "not ok $TAP_DONE - $2"
	fi
}

# check WHAT COMMAND...: passes if the command succeeds
check() {
	local what=$1 status=0
	shift

	"$@" >"$TAP_FILE" 2>&1 || status=$?
	result $status "$what"
	[ $status = 0 ] || tap_why "$status" "$@"
	return $status
}

# said_no STATUS: of a command that ran to its end and failed. From 124 on the
# command was not found, ran out of time or was killed, or l2_run found its guest
# dead: none of these is an answer.
said_no() { [ "$1" -ge 1 ] && [ "$1" -lt 124 ]; }

# refuse WHAT COMMAND...: passes if the command says no
refuse() {
	local what=$1 got=0 status=0
	shift

	"$@" >"$TAP_FILE" 2>&1 || got=$?
	said_no $got || status=1
	result $status "$what"
	[ $status = 0 ] || tap_why $got "$@"
	return $status
}

tap_why() {
	diag "status $1 of: ${*:2}"
	tail -n 40 "$TAP_FILE" | sed 's/^/# /'
}

# is WHAT GOT WANT: passes if GOT equals WANT
is() {
	local status=0

	[ "$2" = "$3" ] || status=1
	result $status "$1"
	[ $status = 0 ] || diag "got '$2', want '$3'"
	return $status
}

# like WHAT GOT REGULAR-EXPRESSION: passes if GOT matches
like() {
	local status=0

	grep -qE -- "$3" <<<"$2" || status=1
	result $status "$1"
	[ $status = 0 ] || diag "got '$2', want a match of '$3'"
	return $status
}

# errno_is WHAT NAME COMMAND...: passes if the command says no, and why: with
# the text of the error NAME, or with NAME itself if that is no error's name
errno_is() {
	local what=$1 name=$2 text got=0 status=0
	shift 2

	case $name in
	ENOENT) text='No such file or directory' ;;
	EBUSY) text='Device or resource busy' ;;
	ENOSPC) text='No space left on device' ;;
	EEXIST) text='File exists' ;;
	ENODEV) text='No such device' ;;
	EINVAL) text='Invalid argument' ;;
	EIO) text='Input/output error' ;;
	ENODATA) text='No data available' ;;
	ERANGE) text='Numerical result out of range' ;;
	*) text=$name ;;
	esac
	"$@" >"$TAP_FILE" 2>&1 || got=$?
	said_no $got && grep -qF -- "$text" "$TAP_FILE" || status=1
	result $status "$what"
	[ $status = 0 ] || tap_why "$got, not $name," "$@"
	return $status
}
