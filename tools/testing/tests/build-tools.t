#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Modules and tools build in place, install into a directory, and are gone after
# uninstall. The test works on a copy of the tree, so that the checkout stays
# clean.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
# shellcheck source=META
. "$top/META"
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
dest=$work/dest

copy_tree() {
	mkdir "$work/tree" && (cd "$top" && cp -a META Makefile Kbuild Kconfig \
		drivers include tools "$work/tree/")
}
in_tree() { make -C "$work/tree" OUT="$work/out" DESTDIR="$dest" "$@"; }
modules() { (cd "$dest/lib/modules/$release/updates/sluice" && find . -name '*.ko*' | sort); }

plan 9
trap 'rm -rf "$work"; tap_end' EXIT
release=$(cat "$("$top/tools/testing/roots/build")/release")
headers=/usr/src/linux-headers-$release
check "a copy of the tree" copy_tree
check "make clean" in_tree clean
check "make" in_tree KDIR="$headers"
check "make install" in_tree install KDIR="$headers"
like "the modules are there" "$(modules | xargs)" 'sluice\.ko.*sluice_nvme\.ko'
like "the tool states META's version" \
	"$("$dest/usr/local/sbin/sluicectl" --version 2>&1)" "$SLUICE_VERSION"
check "make uninstall, which needs no headers" in_tree uninstall KDIR=/none
is "no module is left" "$(find "$dest" -name '*.ko*')" ""
is "nothing of the tools either" "$(find "$dest" -type f ! -path '*/lib/modules/*')" ""
