# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Helpers for the build scripts: paths, progress messages, and the sources of
# Debian packages. Scripts source this file; it is not a program.

set -euo pipefail
# shellcheck source=tools/build/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

# shellcheck disable=SC2034 # used by those who source this file
SLUICE_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SLUICE_CACHE=${SLUICE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice}

# shellcheck source=META
. "$SLUICE_TOP/META"

say() { tell "${0##*/}: $*"; }

# need COMMAND PACKAGE: if COMMAND is missing, end and name the PACKAGE to
# install
need() {
	command -v "$1" >/dev/null 2>&1 ||
		die "$1 not found: apt-get install $2"
}

# mirror_of CODENAME: print the address from which this machine's apt gets a
# suite
mirror_of() {
	local uri
	uri=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' \
		"Created-By: Packages" "Component: main" |
		awk -v want="$1" '$2 == want { print $1; exit }')
	[ -n "$uri" ] || return 1
	printf '%s\n' "$uri"
}

# apt_sources SUITE...: print a sources line for each suite of Debian. The
# address is the one of this machine's own sources, since other Debian releases
# are on the same mirror. A machine without security updates gets none here.
apt_sources() {
	local base=bookworm suite uri
	local key=/usr/share/keyrings/debian-archive-keyring.gpg

	for suite; do
		case $suite in
		*-security)
			uri=$(mirror_of $base-security) || continue
			;;
		*)
			uri=$(mirror_of $base) ||
				die "apt knows no Debian $base to get $suite beside: run apt-get update, or add $base to its sources"
			;;
		esac
		printf 'deb [signed-by=%s] %s %s main\n' "$key" "$uri" "$suite"
	done
}
