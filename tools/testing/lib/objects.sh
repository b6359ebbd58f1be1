# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Programs of user space round objects of the modules: what the kernel is to those
# is in objects.c, as far as it is the same for all. What the kernel patches at boot
# is compiled the way it is patched on a processor that needs no mitigation for
# calls and returns.

OBJECTS_FLAGS='KCFLAGS=-mfunction-return=keep -mindirect-branch=keep -mnop-mcount'

# objects_build OUT BED OBJECT...: into OUT/objects. An OBJECT is called
# core/poller; the directory BED has a bed.c and a bed.h, compiled as a part of the
# modules as which OBJECT is called bed. It may include the headers of the core.
objects_build() {
	local out=$1 bed=$2 build=$1/build objects=$1/objects tree kdir object where
	shift 2

	"$T_TOP/tools/build/modules" -o "$build" "$T_KERNEL_SERIES" \
		"$OBJECTS_FLAGS" || return
	tree=$("$T_TOP/tools/build/headers" "$T_KERNEL_SERIES")
	kdir=$(echo "$tree"/usr/src/linux-headers-*-amd64)
	rm -rf "$objects"
	mkdir -p "$objects"
	for object; do
		where=$build/drivers/$object
		case $object in
		*/bed)
			cp "$bed"/bed.[ch] "${where%/*}" &&
				make -C "$kdir" M="$build" "drivers/$object.o" \
					"$OBJECTS_FLAGS -I$build/drivers/core" || return ;;
		esac
		cp "$where.o" "$objects" || return
		# Tracepoints are off, as objtool leaves them
		SRCARCH=x86 "$kdir/tools/objtool/objtool" --hacks=jump_label \
			"$objects/${object##*/}.o" || return
	done
}

# objects_link OUT PROGRAM [OPTION...] SOURCE...: the program is OUT/PROGRAM.
objects_link() {
	local out=$1 program=$2
	shift 2

	gcc -no-pie -static -O2 -g -Wall -Wextra -Wno-unused-parameter -Werror \
		-Wl,--unresolved-symbols=ignore-all \
		-fno-pie -fcf-protection=none -o "$out/$program" "$@" \
		"$T_DIR/lib/objects.c" "$out"/objects/*
}
