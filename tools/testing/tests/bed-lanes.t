#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The lanes of the test bed: which tests run beside which, and that a test in one
# lane does not wait for another.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
# shellcheck source=tools/testing/lib/groups.sh
. "$top/tools/testing/lib/groups.sh"
# shellcheck source=tools/testing/lib/lanes.sh
. "$top/tools/testing/lib/lanes.sh"
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")

# a_test NAME HEAD [LINE]...
a_test() {
	printf '#!/bin/bash\n# %s\n' "$2" >"$work/$1.t"
	printf '%s\n' "${@:3}" >>"$work/$1.t"
}
# With a kernel that is compiled, or is not
export T_DIR=$work/bed
mkdir -p "$T_DIR/kernel"
printf '#!/bin/sh\necho %s\n' "$work/debug" >"$T_DIR/kernel/build"
chmod +x "$T_DIR/kernel/build"
order() { lanes_sort "$work"/*.t | sed -E "s,$work/|[.]t,,g" | sort -sk1,2; }

plan 7
trap 'rm -rf "$work"; tap_end' EXIT
for n in 1 2 3 4 5 6; do
	a_test debug-$n "l1: kernel=debug iommu=intel"
	a_test stock-$n "l1: kernel=stock iommu=intel"
done
a_test alone "l1: kernel=stock iommu=none"
a_test kasan "l1: kernel=debug iommu=none"
a_test native "l1: none"
a_test timed "l1: kernel=stock iommu=intel" "# quiet"
a_test toggled "l1: none" "# quiet"
is "large groups, beside them small ones, then L0; quiet ones last" \
	"$(order | xargs)" "$(xargs <<-'END'
	0 0 stock-intel stock-1 0 0 stock-intel stock-2 0 0 stock-intel stock-3
	0 0 stock-intel stock-4 0 0 stock-intel stock-5 0 0 stock-intel stock-6
	0 1 stock-none alone 0 2 native native
	0 3 debug-intel debug-1 0 3 debug-intel debug-2 0 3 debug-intel debug-3
	0 3 debug-intel debug-4 0 3 debug-intel debug-5 0 3 debug-intel debug-6
	0 4 debug-none kasan 1 0 quiet toggled 1 0 quiet timed
	END
	)"
mkdir "$work/debug"
touch "$work/debug/bzImage"
like "what needs the debug kernel is late only while there is none" \
	"$(order | xargs)" '^0 0 debug-intel debug-1 .* 0 1 debug-none kasan 0 1 stock-none alone 0 2 native native '
is "one that wants quiet has an L1 without others" \
	"$(group_name "$work/timed.t")" stock-intel-quiet
a_test again "l1: kernel=stock iommu=none" "# check-all"
check "one is for check-all" group_word "$work/again.t" check-all
refuse "others are not" group_word "$work/alone.t" check-all
rm "$work"/*.t

# The first waits for the third, which starts when prove has noticed the end of
# the second; the last finds all ended
await='for ((i = 0; i < 1200; i++)); do [ ! -e '$work'/c ] || break; sleep 0.1; done'
a_test a "l1: none" "$await" "touch $work/a" "[ -e $work/c ] && echo ok 1" 'echo 1..1'
a_test b "l1: none" 'echo 1..1' 'sleep 1' "touch $work/b" 'echo ok 1'
a_test c "l1: none" "touch $work/c" 'echo 1..1' 'echo ok 1'
a_test d "l1: none" "# quiet" 'echo 1..1' "cd $work; [ -e a -a -e b -a -e c ] && echo ok 1"
prove_lanes() {
	printf '%s\n' "0 0 long $work/a.t" "0 1 short $work/b.t" "0 1 short $work/c.t" \
		"1 0 quiet $work/d.t" | lanes_rules >"$work/rules"
	HARNESS_RULESFILE=$work/rules OUT=$work/out prove --jobs 2 \
		--exec "$top/tools/testing/exec" "$work"/*.t
}
check "a lane does not wait for the other" prove_lanes
is "each test is named when it starts" "$(sed 's/: .*//' "$work/out/logs/progress" | sort | xargs)" "a b c d"
