# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The requests that a test in L1 can send to L0 with "l0 <name> <argument>...".
# Each prints its answer and returns a status. RUN_OUT is the run's directory.

# hook_blank: make all drives empty, as if new
hook_blank() {
	local img size

	for img in "$RUN_OUT"/drives/*.img; do
		[ -e "$img" ] || continue
		size=$(stat -c %s "$img")
		truncate -s 0 "$img"
		truncate -s "$size" "$img"
	done
}

# hook_fill DRIVE: fill a drive with random bytes
hook_fill() {
	local img=$RUN_OUT/drives/$1.img size

	size=$(stat -c %s "$img")
	head -c "$size" /dev/zero |
		openssl enc -aes-128-ctr -nosalt -iv 0 \
			-K "$(printf %032x "$RANDOM$RANDOM")" 2>/dev/null |
		dd of="$img" bs=1M conv=notrunc iflag=fullblock status=none
}

# hook_scribble DRIVE START LENGTH: fill a range with other random bytes
hook_scribble() {
	head -c "$3" /dev/urandom |
		dd of="$RUN_OUT/drives/$1.img" bs=1M oflag=seek_bytes seek="$2" \
			conv=notrunc iflag=fullblock status=none
}

# hook_snapshot DRIVE: save the content of a drive
hook_snapshot() {
	cp --sparse=always "$RUN_OUT/drives/$1.img" "$RUN_OUT/drives/$1.before"
}

# Answer of a comparison: 0 equal, 1 different, 125 not compared
compared() {
	local status=0

	cmp "$@" || status=$?
	[ $status -lt 2 ] || return 125
	return $status
}

# hook_same DRIVE [START LENGTH]...: compare a drive with its snapshot, except
# these ranges (in bytes, in ascending order)
hook_same() {
	local drive=$1 at=0 size status=0
	shift

	size=$(stat -c %s "$RUN_OUT/drives/$drive.img") || return 125
	while [ $# -gt 0 ]; do
		same_range "$drive" "$at" $(($1 - at)) || status=$?
		at=$(($1 + $2))
		shift 2
	done
	same_range "$drive" "$at" $((size - at)) || status=$?
	return $status
}

same_range() {
	[ "$3" -gt 0 ] || return 0
	compared -n "$3" -i "$2" "$RUN_OUT/drives/$1.before" "$RUN_OUT/drives/$1.img" && return
	local status=$?
	echo "differs within $3 bytes from $2"
	return $status
}

# hook_sha DRIVE START LENGTH: print the checksum of a range
hook_sha() {
	dd if="$RUN_OUT/drives/$1.img" bs=4096 skip=$(($2 / 4096)) \
		count=$(($3 / 4096)) status=none | sha256sum | cut -d' ' -f1
}

# hook_zero DRIVE START LENGTH: check that a range is all zeroes
hook_zero() {
	compared -n "$3" -i "$2:0" "$RUN_OUT/drives/$1.img" /dev/zero
}

# hook_hang SECONDS: stop the drive "hang" from answering for so long
hook_hang() {
	local pid

	pid=$(cat "$RUN_OUT/nbd.pid")
	kill -STOP "$pid" || return
	(sleep "$1"; kill -CONT "$pid") >/dev/null 2>&1 &
}

# Build the boot sector of ../firmware in L1's /out/bin
hook_boot_sector() {
	as --32 -o "$RUN_OUT/bin/boot.o" "$T_DIR/firmware/boot.S" &&
		ld -m elf_i386 -Ttext 0x7c00 --oformat binary \
			-o "$RUN_OUT/bin/boot.bin" "$RUN_OUT/bin/boot.o"
}

# hook_sign MODULE: sign a module with a new, untrusted key, in L1's /out/bin
hook_sign() {
	local key=$RUN_OUT/bin/key.pem dir headers

	dir=$(machine_dir stock) || return
	headers=/usr/src/linux-headers-$(cat "$dir/release")
	openssl req -new -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=nobody" \
		-keyout "$key" -out "$key.x509" </dev/null &&
		"$headers/scripts/sign-file" sha256 "$key" "$key.x509" \
			"$RUN_OUT/mods/$1.ko" "$RUN_OUT/bin/$1.ko"
}

# hook_monitor COMMAND...: have L1's QEMU monitor execute a command, and print
# what it answers. Fails if that is more than an OK. A second command makes the
# end of the answer known. The pipes are opened in both directions, since opening
# one in one direction only would block if QEMU has ended.
hook_monitor() {
	local end=$((RANDOM + 100000)) line answer='' out

	exec {out}<>"$RUN_OUT/mon.out"
	printf '%s\n' "$*" "print /d $end" 1<>"$RUN_OUT/mon.in"
	while IFS= read -r -t 20 -u "$out" line; do
		line=${line%$'\r'}
		case $line in
		"$end") break ;;
		"(qemu)"* | "QEMU "*" monitor - "*) ;;
		*) answer+=$line$'\n' ;;
		esac
	done
	exec {out}<&-
	printf %s "$answer"
	[ "$line" = $end ] || { echo "no answer"; return 125; }
	[ -z "$answer" ] || [[ $answer = OK* ]]
}

# hook_plug DRIVE PROPERTY: plug in a drive that was pulled out. It needs a new
# backend, since QEMU still holds the previous one.
hook_plug() {
	hook_monitor "drive_add 0 if=none,id=again,format=raw,file.driver=file,file.locking=off,file.filename=$RUN_OUT/drives/$1.img" &&
		hook_monitor "device_add nvme,id=again-$1,serial=$1,drive=again,bus=rp-$1,$2"
}

# hook_serve: answer the request in the share, if there is one
hook_serve() {
	local dir=$RUN_OUT/l0 request status=0

	[ -e "$dir/request" ] || return 0
	read -ra request <"$dir/request"
	rm "$dir/request"
	if [ "$(type -t "hook_${request[0]}")" = function ]; then
		"hook_${request[0]}" "${request[@]:1}" >"$dir/answer" 2>&1 || status=$?
	else
		echo "no such hook: ${request[0]}" >"$dir/answer"
		status=127
	fi
	{ echo $status; cat "$dir/answer"; } >"$dir/reply.tmp"
	mv "$dir/reply.tmp" "$dir/reply"
}
