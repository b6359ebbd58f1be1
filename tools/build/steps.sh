# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What all scripts for this machine begin with, whoever starts them, and how
# they take locks and run long steps. tools/build/common.sh and
# tools/testing/lib/common.sh source this file.

# A failed command ends a script also inside of $(...). (set -e is up to the
# script.) Such a failure is not noticed in an argument or in "local x=$(...)":
# assign first.
shopt -s inherit_errexit

# tell MESSAGE: say what goes on. Tests keep standard error to themselves, so that
# "make check" follows a file.
tell() {
	printf '%s\n' "$*" >&2
	[ -z "${SLUICE_PROGRESS-}" ] || printf '%s: %s\n' "$SLUICE_TEST" "$*" >>"$SLUICE_PROGRESS"
}

die() {
	printf '%s: error: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# What the caller has open, a terminal, a CI runner or make's job server, is not
# for the programs that this script starts: dash, which runs the hooks of apt
# and mmdebstrap, knows descriptors of one digit only, and a program that stays
# would keep a lock. Those that end at exec (bash's own) may stay.
close_descriptors() {
	local fd flags

	# A make without standard input has put its job server there
	[[ ${MAKEFLAGS-} != *--jobserver-auth=0,* ]] || exec </dev/null
	for fd in 0 1 2; do
		[ -e "/proc/$BASHPID/fd/$fd" ] || eval "exec $fd<>/dev/null"
	done
	for fd in "/proc/$BASHPID/fd"/*; do
		fd=${fd##*/}
		{ read -r && read -r _ flags; } 2>/dev/null \
			<"/proc/$BASHPID/fdinfo/$fd" || continue
		[ "$fd" -le 2 ] || ((0$flags & 02000000)) || eval "exec $fd<&-"
	done
}
close_descriptors

# Nor is the job server there any longer. What is built does not depend on the
# options of the make that started the script.
unset MAKEFLAGS MFLAGS MAKELEVEL

# locked FILE COMMAND...: run COMMAND while nobody else has FILE locked. COMMAND
# does not get the descriptor of the lock.
locked() {
	local file=$1
	shift
	{
		flock -n 9 || {
			tell "${0##*/}: waiting for $file"
			flock 9
		} || return
		"$@" 9>&-
	} 9>"$file"
}

# tried COMMAND...: run a command that downloads; if it fails, try again twice.
# apt itself does so only when it gets no answer.
tried() {
	local pause

	for pause in 5 20; do
		! "$@" || return 0
		tell "${0##*/}: $1 failed, trying again in $pause s"
		sleep $pause
	done
	"$@"
}

# step LOG WHAT COMMAND...: run COMMAND, whose output goes to LOG. If it fails,
# print the last lines of LOG, and end. Inside a condition set -e would be
# without effect in COMMAND, so that it would go on after a failure.
step() {
	local log=$1 what=$2 status
	shift 2
	set +e
	(
		set -e
		"$@"
	) >"$log" 2>&1
	status=$?
	set -e
	[ $status = 0 ] || {
		tail -n 20 "$log" >&2
		die "$what failed; above is the end of $log"
	}
}
