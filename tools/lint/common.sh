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

# The checks that take long remember in the cache directory which files passed, so
# that the same content is not checked again, in this checkout or another.
remembered=0

# seen_now CHECK FILE...: print a line for each file with its checksum and that of
# all else that decides about it: CHECK_reads prints that
seen_now() {
	local check=$1 rest
	shift

	rest=$("${check}_reads" | sha256sum | cut -d' ' -f1)
	sha256sum -- "$@" | sed "s/^/$rest /"
}

remember() { { cat "$1" - | tail -n 20000 > "$1.new"; } && mv "$1.new" "$1"; }

# remembering CHECK FILE...: run the function CHECK with those of the files that
# have not passed it before, as they are now. If it passes, so did they.
remembering() {
	local check=$1 memory=$SLUICE_CACHE/lint/${0##*/} before after todo
	shift

	[ $# -gt 0 ] || return 0
	mkdir -p "${memory%/*}"
	locked "$memory.lock" touch "$memory"
	before=$(seen_now "$check" "$@") || return
	before=$(grep -vxFf "$memory" <<< "$before") || :
	mapfile -t todo < <(sed -n 's/^[0-9a-f]* [0-9a-f]* [ *]//p' <<< "$before")
	remembered=$((remembered + $# - ${#todo[@]}))
	[ ${#todo[@]} -gt 0 ] || return 0
	"$check" "${todo[@]}" || return
	# Not those that somebody changed meanwhile: nobody knows what was checked
	after=$(seen_now "$check" "${todo[@]}") || return
	comm -12 <(sort <<< "$before") <(sort <<< "$after") |
		locked "$memory.lock" remember "$memory"
}
