# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Helpers for the checks. The checks source this file; it is not a program.

. "$(dirname "${BASH_SOURCE[0]}")/../build/common.sh"

cd "$SLUICE_TOP"

problems=0

# problem WHERE MESSAGE: report a problem and continue
problem() {
	printf '%s: %s\n' "$1" "$2"
	problems=$((problems + 1))
}

# finish MESSAGE: end the check; print MESSAGE if there was no problem
finish() {
	[ "$problems" -eq 0 ] || exit 1
	printf '%s\n' "$1"
}

# sources: list all files that people write, tracked by git or new
sources() {
	if [ -e .git ] && command -v git >/dev/null; then
		git -c safe.directory='*' ls-files -co --exclude-standard
	else
		find . \( -path ./out -o -path ./.git \) -prune -o -type f ! -name '*.o' ! -name '*.ko' \
			! -name '*.mod*' ! -name '.*.cmd' -printf '%P\n'
	fi | sort | while IFS= read -r file; do
		[ ! -f "$file" ] || printf '%s\n' "$file"
	done
}

# sources_matching REGEX: list the sources whose path matches
sources_matching() { sources | grep -E "$1" || true; }
