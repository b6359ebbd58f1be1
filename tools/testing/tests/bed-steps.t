#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The scripts that build and test work from wherever they are started: below a
# job server, with standard input closed, with descriptors of the caller's open.
# A step that fails ends them, and they say why. A download that fails is tried
# again. Two checkouts do not build into each other.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
make=$(command -v make)
# What fails here is no news
unset SLUICE_PROGRESS

builders=(testing/{setup,qemu/build,roots/build,roots/dkms,kernel/build}
	"build/headers 6.1" "build/headers 7.3" build/kernel-scripts
	"build/modules $work/kernel")
mkdir "$work"/{bin,kernel}
touch "$work/kernel/Makefile"

# oddly COMMAND: start it from dash, below a "make -j4" with its job server, with
# descriptors 3 to 20 open, with standard input closed
printf 'all:\n\t+@exec dash -c "exec $$COMMAND 5</dev/null"\n' >"$work/Makefile"
oddly() {
	local fd

	for ((fd = 3; fd <= 20; fd++)); do
		eval "exec $fd</dev/null"
	done
	COMMAND=$* "$make" -s -j4 -C "$work" <&-
}

# fake PROGRAM SCRIPT: what the scripts find instead of PROGRAM
fake() {
	printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1"
	chmod +x "$work/bin/$1"
}
faked() {
	PATH=$work/bin:$PATH SLUICE_CACHE=$work/cache OUT=$work/out oddly "$@"
}

# The descriptors that programs get from a builder. It ends where it wants its
# lock; before, it has run the false flock.
builder_descriptors() {
	faked "$top/tools/$1" >"$work/log" 2>&1
	sort -u "$work/descriptors" | xargs
	rm "$work/descriptors"
}

# Standard input, descriptors and make's options of a program that runs under a
# lock, in a script that begins like those of tools/$1
cat >"$work/script" <<END
. $top/tools/\$1/common.sh
list() { sh -c 'readlink /proc/\$\$/fd/0; ls /proc/\$\$/fd; echo "\${MAKEFLAGS-none}"'; }
locked $work/lock list
END

# How a command ends without an archive and a compiler
hopeless() {
	faked "$@" >"$work/log" 2>&1
	echo "status $?: $(tail -n 6 "$work/log" | tr '\n' ' ')"
}

# lucky FUNCTION ARGUMENT...: a function of tools/build/packages.sh, whose
# program fails twice
lucky() {
	PATH=$work/bin:$PATH bash -c '. "$0/common.sh"; . "$0/packages.sh"
		apt_sources() { :; }
		"$@"' "$top/tools/build" "$@" </dev/null
}

# builds CHECKOUT: where it builds the programs of an L1, with an OUT that others
# use as well
builds() {
	mkdir -p "$work/run"
	RUN_OUT=$work/run PATH=$work/bin:$PATH OUT=$work/out bash -c '
		. "$0/tools/testing/lib/common.sh"; . "$0/tools/testing/lib/machine.sh"
		machine_programs' "$1" 2>/dev/null
	grep -o 'OUT=.*' "$work/run/programs.log" | sort
}

plan $((2 * ${#builders[@]} + 16))
trap 'rm -rf "$work"; tap_end' EXIT

fake flock "sh -c 'ls /proc/\$\$/fd' >>$work/descriptors; exit 1"
for builder in "${builders[@]}"; do
	is "$builder: its programs have 0 to 2, and its lock 9" \
		"$(builder_descriptors "$builder")" "0 1 2 9"
done
rm "$work/bin/flock"
for tools in build testing/lib; do
	is "tools/$tools: under a lock programs have 0 to 2 only" \
		"$(oddly bash "$work/script" "$tools" 2>&1 | xargs)" "/dev/null 0 1 2 none"
	is "tools/$tools: a closed standard input is /dev/null" \
		"$(bash "$work/script" "$tools" 2>&1 <&- | xargs)" "/dev/null 0 1 2 none"
done
check "make check" oddly "$make" -j4 -C "$top" check TESTS=bed-complaints OUT="$work/out"

mkdir -p "$work/other/tools/testing"
cp -a "$top/tools/build" "$work/other/tools/"
cp -a "$top/tools/testing/lib" "$work/other/tools/testing/"
fake make 'echo "$@"; exit 1'
builds "$top" >"$work/ours"
builds "$work/other" >"$work/theirs"
is "a checkout builds two programs" "$(wc -l <"$work/ours")" 2
is "none of them where another one does that has the same OUT" \
	"$(comm -12 "$work/ours" "$work/theirs")" ""

why="echo 'here is why'; exit 1"
for program in mmdebstrap make tar; do
	fake $program "$why"
done
fake apt-get "case \$1 in indextargets) exec $(command -v apt-get) \"\$@\" ;; esac; $why"
fake sleep ''
fake dpkg-query 'case $* in *linux-source*) echo 6.12 ;; *) exit 1 ;; esac'
for builder in "${builders[@]}"; do
	like "$builder: fails and says why" "$(hopeless "$top/tools/$builder")" \
		"^status [1-9].*here is why.*error: "
done
real=$(command -v apt-get)
fake apt-get "case \$1 in indextargets) exec $real \"\$@\" ;; esac"
like "headers that apt does not find: says so" "$(hopeless "$top/tools/build/headers" 6.1)" \
	"^status [1-9].*error: apt finds no headers for Linux 6.1"
fake apt-get "case \$1 in indextargets) exec $real \"\$@\" ;; esac; $why"
rm "$work/bin/dpkg-query"
echo true >"$work/idle.t"
for command in "run-l1 -n -o $work/l1 $work/idle.t" "check nvme-idle" demo/run; do
	like "$command: the same" "$(hopeless "$top/tools/testing/$command")" \
		"^status [1-9].*here is why.*error: "
	refuse "$command: does not go on" grep qemu-nbd "$work/log"
done

times="echo >>$work/tries; [ \$(wc -l <$work/tries) -gt 2 ]"
fake apt-get "$times"
check "what apt cannot fetch it tries again" lucky own_apt_update "$work/apt" stable
fake mmdebstrap "$times && mkdir $work/root"
rm "$work/tries"
check "and mmdebstrap" lucky make_debian stable "$work/root"
