#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The modules under DKMS in a clean Debian 12: add, build, install, boot and
# load, remove. Nothing is left behind.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
# shellcheck source=META
. "$top/META"

work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
root=$work/root
name=sluice/$SLUICE_VERSION

in_root() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount sh -c 'root=$1; shift
		mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev" &&
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"' \
		sh "$root" "$@"
}

files() { (cd "$root" && find . -xdev ! -path './var/log/*' ! -path './tmp/*' | sort); }

# The cached root with a layer for what changes; a copy where a file system cannot
# be such a layer
make_root() {
	local dir

	mkdir "$root" "$work"/{upper,workdir}
	dir=$("$top/tools/testing/roots/dkms") || return
	mount -t overlay -o "lowerdir=$dir,upperdir=$work/upper,workdir=$work/workdir" \
		overlay "$root" || cp -a --reflink=auto "$dir/." "$root"
}
remove_root() {
	! mountpoint -q "$root" || umount "$root"
	rm -rf --one-file-system "$work"
}

# This script runs in an L1 whose root is the one that DKMS installed to
load='. /t/tools/testing/lib/l1.sh
modprobe sluice_nvme || exit
modinfo -n sluice sluice_nvme
echo sluice_nvme >"$(drive_sys main)/driver_override"
drive_bdf main >/sys/bus/pci/drivers_probe
ls "$(drive_sys main)/block" | sed "s/^/disk /"
'
boot_and_load() {
	mke2fs -q -t ext4 -O ^has_journal -d "$root" "$work/image" 4G || return
	echo "$load" >"$work/load"
	"$top/tools/testing/run-l1" -n -r "$work/image" -o "$work/out" "$work/load"
}

plan 15
trap 'remove_root; tap_end' EXIT
check "a clean root" make_root || exit
release=$(cd "$root/usr/lib/modules" && echo *)
files >"$work/before"
mkdir "$root/usr/src/sluice-$SLUICE_VERSION"
check "the source" "$top/tools/build/dkms-source" "$root/usr/src/sluice-$SLUICE_VERSION"
check "dkms add" in_root dkms add "$name"
check "dkms build" in_root dkms build "$name" -k "$release"
check "dkms install" in_root dkms install "$name" -k "$release"
is "status" "$(in_root dkms status "$name")" "sluice/$SLUICE_VERSION, $release, x86_64: installed"
check "modinfo finds the module" in_root modinfo -k "$release" sluice_nvme
is "its version" "$(in_root modinfo -k "$release" -F version sluice_nvme)" "$SLUICE_VERSION"
check "L1 boots from it and loads the modules" boot_and_load
loaded=$(cat "$work/out/load/tap")
like "the one that DKMS built: core" "$loaded" '/updates/dkms/sluice\.ko'
like "the one that DKMS built: NVMe" "$loaded" '/updates/dkms/sluice_nvme\.ko'
like "it drives the drive" "$loaded" '^disk sluice0n1$'
check "dkms remove --all" in_root dkms remove "$name" --all
rm -rf "$root/usr/src/sluice-$SLUICE_VERSION"
is "status says nothing" "$(in_root dkms status sluice)" ""
files >"$work/after"
check "nothing is left behind" diff "$work/before" "$work/after"
