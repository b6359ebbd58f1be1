#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The tools build, install into a directory and are gone after uninstall.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
dest=$(mktemp -d)
plan 5
# shellcheck source=META
. "$top/META"
cd "$top" || exit
check "make tools" make tools
check "make tools-install" make tools-install DESTDIR="$dest"
like "the tool states META's version" \
	"$("$dest/usr/local/sbin/sluicectl" --version 2>&1 ||
		"$dest/usr/local/bin/sluicectl" --version 2>&1)" \
	"$SLUICE_VERSION"
uninstall() { make -C tools/sluicectl uninstall DESTDIR="$dest"; }
check "uninstall" uninstall
is "nothing left behind" "$(find "$dest" -type f)" ""
rm -rf "$dest"
