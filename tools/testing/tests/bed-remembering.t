#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# "make lint" checks a file again unless the file and all else that decides are as
# they were when it passed. The real checks run here on a small tree, with programs
# that say what they were given.
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

plan 34
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

# Somebody writes while the check runs
program "$work/bin/shellcheck" "[ \$1 != --version ] || { cat $work/version; exit; }" \
	"echo true >>$tree/two" "$look"
one two 'echo it'
is "what changes meanwhile is not remembered" "$(seen shell; seen shell)" "0: two
0: two"
