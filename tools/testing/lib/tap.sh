# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# TAP for shell scripts. A test calls plan, then makes its checks. The exit
# status is 0 if all checks passed. The output of a failed check follows as a
# comment.

TAP_PLAN=0 TAP_DONE=0 TAP_FAILED=0
TAP_FILE=$(mktemp)
TAP_SHELL=$BASHPID

plan() {
	TAP_PLAN=$1
	echo "1..$1"
	trap tap_end EXIT
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

# refuse WHAT COMMAND...: passes if the command fails
refuse() {
	local what=$1 status=0
	shift

	"$@" >"$TAP_FILE" 2>&1 && status=1
	result $status "$what"
	[ $status = 0 ] || tap_why 0 "$@"
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

# errno_is WHAT NAME COMMAND...: passes if COMMAND fails with the error NAME
errno_is() {
	local what=$1 name=$2 text status=0
	shift 2

	case $name in
	ENOENT) text='No such file or directory' ;;
	EBUSY) text='Device or resource busy' ;;
	ENOSPC) text='No space left on device' ;;
	EEXIST) text='File exists' ;;
	ENODEV) text='No such device' ;;
	EINVAL) text='Invalid argument' ;;
	EIO) text='Input/output error' ;;
	*) text=$name ;;
	esac
	if "$@" >"$TAP_FILE" 2>&1 || ! grep -qF "$text" "$TAP_FILE"; then
		status=1
	fi
	result $status "$what"
	[ $status = 0 ] || tap_why "not $name" "$@"
	return $status
}
