#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# "make lint" checks a file again unless the file and all else that decides are as
# they were when it passed. The modules are built again unless the same was built.
# The real scripts run here on a small tree, with programs that say what they were
# given.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
tree=$work/tree
export SLUICE_CACHE=$work/cache OUT=$work/out PATH=$work/bin:$PATH
mkdir -p "$work"/{bin,scripts,headers/usr/src} "$tree"/{tools/{build,lint},drivers,include}
cp "$top"/tools/build/{common,steps}.sh "$tree/tools/build"
cp "$top"/tools/lint/{common.sh,shell,style,compile} "$tree/tools/lint"
cp "$top/META" "$top/.checkpatch.conf" "$tree"
touch "$work/headers/.complete" "$work/scripts/spelling.txt"

# program NAME LINE...: what the checks find instead of a program. Each says the
# files that it is given, and fails if one of them is bad
program() {
	printf '%s\n' '#!/bin/bash' "${@:2}" >"$1"
	chmod +x "$1"
}
look='for file; do
	[ -f "$file" ] || continue
	printf "%s\n" "${file##*/}" >>'$work/seen'
	! grep -q ": B[A]D" "$file" || bad=1
done
[ -z "$bad" ]'
program "$work/bin/shellcheck" "[ \$1 != --version ] || { cat $work/version; exit; }" "$look"
# perl leaves a script to the program that its first line names
program "$work/scripts/checkpatch.pl" "$look"
program "$work/bin/sparse" "cat $work/version"
program "$tree/tools/build/kernel-scripts" "echo $work/scripts"
program "$tree/tools/build/headers" "echo $work/headers"
# Compile nothing, say each file
program "$tree/tools/build/modules" 'mkdir -p "$OUT/build/lint"; : >"$OUT/build/lint/build.log"' \
	'files=(); for file; do [ "$file" = "${file%.o}" ] || files+=("${file%.o}.c"); done' \
	'printf " CHECK %s\n" "${files[@]}" >"$OUT/build/lint/build.log"' \
	"set -- \"\${files[@]}\"; $look"

one() { printf '#!/bin/sh\n%s\n' "$2" >"$tree/$1"; chmod +x "$tree/$1"; }
c() { printf '%s\n' "$2" >"$tree/$1"; }

# seen CHECK: the files that it looks at now, and how it ends
seen() {
	local status=0

	: >"$work/seen"
	"$tree/tools/lint/$1" >"$work/log" 2>&1 || status=$?
	sort "$work/seen" | xargs echo "$status:"
}
# again CHECK WHAT: it looks at all files again, and then at none
again() {
	is "$1: $2: all again" "$(seen "$1")" "$all"
	is "$1: and then none" "$(seen "$1")" "0:"
}

plan 47
trap 'rm -rf "$work"; tap_end' EXIT
echo 1 >"$work/version"
one one '. "$dir/lib.sh"'
one two true
echo '# shellcheck shell=sh' >"$tree/lib.sh"
all="0: common.sh common.sh compile headers kernel-scripts lib.sh modules one shell steps.sh style two"
again shell "what was never checked"
like "it says how many" "$(tail -n 1 "$work/log")" '^12 scripts, 12 of them remembered$'
one two false
is "shell: a script that changed: that one" "$(seen shell)" "0: two"
one two true
is "shell: what was once there: none" "$(seen shell)" "0:"
one three true
is "shell: a new script: that one" "$(seen shell)" "0: three"
rm "$tree/three"
echo 'f() { :; }' >>"$tree/lib.sh"
again shell "one that others source"
echo 2 >"$work/version"
again shell "another shellcheck"
sed -i '$s/$/ /' "$tree/tools/lint/shell"
again shell "another check"
one two ': BAD'
is "shell: a bad one fails" "$(seen shell)" "1: two"
is "shell: and again" "$(seen shell)" "1: two"
one one '. "$dir/lib.sh"; true'
is "shell: another beside it does not pass" "$(seen shell)" "1: one two"
one two true
is "shell: nor is the other remembered" "$(seen shell)" "0: one"

c drivers/a.c 'int a;'
c drivers/b.c 'int b;'
c include/a.h 'int h;'
all="0: a.c a.h b.c"
again style "what was never checked"
c drivers/a.c 'int aa;'
is "style: a file that changed: that one" "$(seen style)" "0: a.c"
c include/a.h 'int hh;'
again style "a header of include"
echo word >>"$work/scripts/spelling.txt"
again style "another list of words"
echo '--ignore MORE' >>"$tree/.checkpatch.conf"
again style "another configuration"

all="0: a.c b.c"
again compile "what was never checked"
c drivers/a.c 'int a;'
is "compile: a file that changed: that one" "$(seen compile)" "0: a.c"
c drivers/b.h 'int b;'
again compile "a new header"
touch "$work/headers/.complete"
again compile "other headers of the kernel"
mv "$tree/drivers/b.c" "$tree/drivers/c.c"
is "compile: another name is another file" "$(seen compile)" "0: c.c"

# Somebody mends a file while the check runs, and then takes that back
program "$work/bin/shellcheck" "[ \$1 != --version ] || { cat $work/version; exit; }" \
	"printf '#!/bin/sh\ntrue\n' >$tree/two" "$look"
one two ': BAD'
is "what is mended meanwhile passes" "$(seen shell)" "0: two"
program "$work/bin/shellcheck" "[ \$1 != --version ] || { cat $work/version; exit; }" "$look"
one two ': BAD'
is "what it was before is not remembered" "$(seen shell)" "1: two"

# A kernel whose modules are copies of a source, all of them built at the same time
cp "$top/tools/build/modules" "$tree/tools/build/builder"
cp "$top/Kbuild" "$tree"
mkdir "$work/kernel"
touch "$work"/kernel/{.config,Module.symvers}
cat >"$work/kernel/Makefile" <<END
modules:
	@echo \$(M) >>$work/builds
	@cp \$(M)/drivers/a.c \$(M)/drivers/a.ko
	@touch -d 2000-01-01 \$(M)/drivers/a.ko
	@! grep -q BAD \$(M)/drivers/a.c || echo warning: bad
END
# build OUT [VARIABLE=VALUE]...: how it ends, how often it built, and the module
build() {
	local status=0

	: >"$work/builds"
	"$tree/tools/build/builder" -W -k -o "$work/$1" "$work/kernel" "${@:2}" \
		>"$work/log" 2>&1 || status=$?
	echo "$status, $(wc -l <"$work/builds"): $(cat "$work/$1/drivers/a.ko")"
}
c drivers/a.c 1
is "modules: what was never built" "$(build one)" "0, 1: 1"
is "modules: the same: not again" "$(build one)" "0, 0: 1"
is "modules: the same elsewhere: not again" "$(build two)" "0, 0: 1"
c drivers/a.c 2
is "modules: another source" "$(build one)" "0, 1: 2"
is "modules: the other has it, too" "$(build two)" "0, 0: 2"
c drivers/a.c 1
is "modules: what was once built" "$(build one)" "0, 0: 1"
c include/a.h 'int h;'
is "modules: another header" "$(build one)" "0, 1: 1"
is "modules: another option" "$(build one A=b)" "0, 1: 1"
touch "$work/kernel/Module.symvers"
is "modules: another kernel" "$(build one)" "0, 1: 1"
c drivers/a.c BAD
is "modules: one with a warning fails" "$(build one)" "1, 1: BAD"
is "modules: and again" "$(build one)" "1, 1: BAD"
is "modules: elsewhere as well" "$(build two)" "1, 1: BAD"
