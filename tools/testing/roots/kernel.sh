# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Takes Debian's kernel packages apart, for what boots them: their modules, and
# an initrd with a few of these.

# kernel_unpack RELEASE DIR ROOT VMLINUZ: of the packages of a kernel, unpacked in
# DIR, move the modules that tests may need into ROOT, and the kernel to VMLINUZ
kernel_unpack() {
	local rel=$1 dir=$2 root=$3 modules=$3/usr/lib/modules/$1

	mkdir -p "$root/boot" "$root/usr/lib/modules"
	[ -L "$root/lib" ] || ln -s usr/lib "$root/lib"
	[ ! -e "$dir/lib/modules" ] || mv "$dir/lib/modules/$rel" "$modules"
	[ -e "$modules" ] || mv "$dir/usr/lib/modules/$rel" "$modules"
	if [ -e "$modules/vmlinuz" ]; then
		mv "$modules/vmlinuz" "$4"
		mv "$modules/config" "$root/boot/config-$rel"
	else
		mv "$dir/boot/vmlinuz-$rel" "$4"
		mv "$dir/boot/config-$rel" "$root/boot/"
	fi
	rm -rf "$dir"
	rm -rf "$modules/kernel/"{drivers/{gpu,media,staging,infiniband,usb,iio,isdn},sound,net/{wireless,bluetooth,mac80211}}
	# Of the SCSI modules keep those that the benchmark's vhost-scsi needs
	find "$modules/kernel/drivers/scsi" -type f \
		! -name 'scsi_*.ko*' ! -name 'sd_mod.ko*' ! -name 'virtio_scsi.ko*' \
		-delete
	depmod -b "$root" "$rel"
}

# copy_modules ROOT RELEASE DEST NAME...: copy modules and their dependencies,
# unpacked for busybox, and write the file "order" for loading them
copy_modules() {
	local root=$1 rel=$2 dest=$3 path
	shift 3

	mkdir -p "$dest"
	for name in "$@"; do
		modprobe -d "$root" -S "$rel" --show-depends "$name"
	done | sed -n 's/^insmod //p' | awk '!seen[$1]++ { print $1 }' |
		while read -r path; do
			name=$(basename "$path" .xz)
			xz -dcq "$path" >"$dest/$name" 2>/dev/null ||
				cp "$path" "$dest/$name"
			echo "$name"
		done >"$dest/order"
}

pack() { (cd "$1" && find . | cpio -o -H newc --quiet) >"$2"; }

# kernel_l1_initrd BUSYBOX ROOT RELEASE DEST MODULE...: the initrd of L1
kernel_l1_initrd() {
	local busybox=$1 root=$2 rel=$3 dest=$4 work=$4.work
	shift 4

	mkdir -p "$work"/{bin,dev,proc,sys,newroot}
	cp "$busybox" "$work/bin/busybox"
	install -m 755 "$T_DIR/roots/l1-init" "$work/init"
	copy_modules "$root" "$rel" "$work/modules" "$@"
	pack "$work" "$dest"
	rm -rf "$work"
}
