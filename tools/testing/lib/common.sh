# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Helpers for every part of the test bed that runs on L0: paths, messages and
# errors.

T_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
T_TOP=$(cd "$T_DIR/../.." && pwd)
T_CACHE=${SLUICE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice}
export T_DIR T_TOP T_CACHE
# shellcheck source=tools/build/steps.sh
. "$T_TOP/tools/build/steps.sh"

# Where this checkout builds. Another one may have the same OUT, and be built at
# the same time.
T_BUILD=${OUT:-$T_TOP/out}/build
[ "$T_BUILD" = "$T_TOP/out/build" ] ||
	T_BUILD+=-$(printf %s "$T_TOP" | sha256sum | cut -c1-12)
export T_BUILD

# Series of the kernels under test
export T_KERNEL_SERIES=6.12

t_say() { tell "$(date +%T) $*"; }

t_die() { die "$@"; }

# t_key FILE... -> a short name that changes when one of the files changes, but
# not when only its comments do. Kconfig's "is not set" is no comment.
t_key() {
	sed -E '/^[[:space:]]*#([^!]|$)/{/is not set$/!d}' "$@" |
		sha256sum | cut -c1-12
}

# t_together SCRIPT...: run scripts side by side; fails if one fails
t_together() {
	local script pid pids=() status=0

	for script; do
		"$script" >/dev/null &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || status=1
	done
	return $status
}

# t_yield COMMAND...: become COMMAND, in a session of its own that leaves the
# processors to others when they want them. Each L1 has a session, too.
t_yield() {
	exec setsid sh -c '{ echo 10 >/proc/self/autogroup; } 2>/dev/null
		exec "$@"' sh "$@"
}

# t_locked NAME COMMAND...: run COMMAND; only one with this NAME runs at a time
t_locked() {
	local name=$1
	shift
	mkdir -p "$T_CACHE"
	locked "$T_CACHE/.lock-$name" "$@"
}

# t_programs COMMAND...: run COMMAND, which builds programs in T_BUILD; only one
# does so at a time. Another lane may want the same programs.
t_programs() {
	mkdir -p "$T_BUILD"
	locked "$T_BUILD/.lock-programs" "$@"
}
