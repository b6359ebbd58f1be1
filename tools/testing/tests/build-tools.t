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
	mkdir "$work/tree" && (cd "$top" && cp -a META LICENSE Makefile dkms.conf Kbuild Kconfig \
		drivers include tools "$work/tree/")
}
in_tree() { make -C "$work/tree" OUT="$work/out" DESTDIR="$dest" "$@"; }
modules() { (cd "$dest/lib/modules/$release/updates/sluice" && find . -name '*.ko*' | sort); }

rules() { (cd "$dest" && find . -name '*.rules'); }

plan 16
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
is "the udev rules are there" "$(rules)" ./usr/local/lib/udev/rules.d/59-sluice.rules
check "make uninstall, which needs no headers" in_tree uninstall KDIR=/none
is "no module is left" "$(find "$dest" -name '*.ko*')" ""
is "nothing of the tools either" "$(find "$dest" -type f ! -path '*/lib/modules/*')" ""

# Each of the ways that install only a part brings the rules along
check "make dkms-install" in_tree dkms-install PREFIX=/usr KDIR=/none
is "the udev rules are there" "$(rules)" ./usr/lib/udev/rules.d/59-sluice.rules
check "make dkms-uninstall" in_tree dkms-uninstall PREFIX=/usr KDIR=/none
is "nothing is left" "$(find "$dest" -type f)" ""
check "make tools-install" in_tree tools-install KDIR=/none
is "the udev rules are there" "$(rules)" ./usr/local/lib/udev/rules.d/59-sluice.rules
