# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Builds user-space programs around objects of the modules. objects.c has the
# kernel functions that are the same for all programs. The objects are compiled
# with the calls and returns that the kernel's boot-time patching leaves on a
# processor that needs no mitigation for them.

OBJECTS_FLAGS='KCFLAGS=-mfunction-return=keep -mindirect-branch=keep -mnop-mcount'

# objects_build OUT BED OBJECT...: put the objects into OUT/objects. An OBJECT
# has a name like core/poll/poller. The directory BED contains bed.c and bed.h;
# the OBJECT core/bed is bed.c, compiled as a part of the module core. bed.c may
# include the headers of the core also as a part of another module. All programs
# share one build of the modules.
objects_build() {
	local build=$T_BUILD/objects

	mkdir -p "${build%/*}"
	locked "$build.lock" objects_compile "$build" "$@"
}

objects_compile() {
	local build=$1 bed=$3 objects=$2/objects tree kdir object where
	shift 3

	"$T_TOP/tools/build/modules" -k -o "$build" "$T_KERNEL_SERIES" \
		"$OBJECTS_FLAGS" || return
	tree=$("$T_TOP/tools/build/headers" "$T_KERNEL_SERIES") || return
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
		# Turn tracepoints off, as objtool does
		SRCARCH=x86 "$kdir/tools/objtool/objtool" --hacks=jump_label \
			"$objects/${object##*/}.o" || return
	done
}

# objects_link OUT PROGRAM [OPTION...] SOURCE...: build OUT/PROGRAM
objects_link() {
	local out=$1 program=$2
	shift 2

	gcc -no-pie -static -O2 -g -Wall -Wextra -Wno-unused-parameter -Werror \
		-Wl,--unresolved-symbols=ignore-all \
		-fno-pie -fcf-protection=none -o "$out/$program" "$@" \
		"$T_DIR/lib/objects.c" "$out"/objects/*
}
