# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Decides which tests run at the same time, in two lanes. An L1 keeps little more
# than one processor busy, so that another, or what needs none, can run beside it.
# Source after groups.sh.

# lanes_number -> how many tests this machine has room for at a time, unless LANES
# says it
lanes_number() {
	local free

	free=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
	if [ -n "${LANES-}" ]; then
		echo "$LANES"
	elif [ "$(nproc)" -ge 2 ] && [ "$free" -ge $((14 << 20)) ]; then
		echo 2
	else
		echo 1
	fi
}

# Does the test need the debug kernel?
lanes_debug() { [[ "$(group_line "$1") $1" = *kernel=debug* || $1 = */build-modules.t ]]; }

# lanes_sort FILE...: print the tests in their order, as lines "PHASE ORDER LANE
# FILE". The tests of a lane run one after another, and so do phases. Who is free
# begins with the first lane that nobody works on. Each group is a lane, as is each
# test on L0. The large groups come first, since the longest lane must not be the
# last to begin. The small groups come next, then the tests on L0: what is left at
# the end is short, and yields to an L1. What needs the debug kernel comes late
# while that is still to be compiled. The second phase is for the tests that want
# quiet.
lanes_sort() {
	local file group quiet late wait=''

	# It has no path as long as its source is not installed
	[ -e "$("$T_DIR/kernel/build" --path 2>/dev/null)/bzImage" ] || wait=1
	for file; do
		quiet=0 late=0
		! group_word "$file" quiet || quiet=1
		[ -z "$wait" ] || ! lanes_debug "$file" || late=1
		group=$(group_name "$file")
		echo "$quiet $late ${group:--} $file"
	done | awk '
	{ line[NR] = $0; size[$3]++ }
	END {
		for (i = 1; i <= NR; i++) {
			split(line[i], is)
			if (is[1] == 1)
				print 1, 0, "quiet", is[3], is[4]
			else if (is[3] == "-")
				print 0, 2 + 3 * is[2], is[4], "-", is[4]
			else
				print 0, (size[is[3]] <= 5) + 3 * is[2], is[3], "-", is[4]
		}
	}' | LC_ALL=C sort | cut -d' ' -f1-3,5
}

# Turn such lines into rules for prove
lanes_rules() {
	awk '
	BEGIN { print "---\nseq:" }
	$1 != phase || !started {
		print $1 == 0 ? "  - par:" : "  - seq:"
		phase = $1
		started = 1
		lane = ""
	}
	$1 == 0 && $3 != lane {
		print "      - seq:"
		lane = $3
	}
	{ print ($1 == 0 ? "          - " : "      - ") $4 }'
}
