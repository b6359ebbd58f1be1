# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Decides which tests run at the same time: an L1 keeps little more than one
# processor busy, and waits a lot. Source after groups.sh.

# lanes_number -> how many tests run at a time: as many L1s as this machine has
# memory for, unless LANES says it. One of three lanes is for the tests on L0.
lanes_number() {
	local free

	free=$(($(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo) >> 20))
	if [ -n "${LANES-}" ]; then
		echo "$LANES"
	elif [ "$(nproc)" = 1 ] || [ "$free" -lt 14 ]; then
		echo 1
	elif [ "$free" -lt 20 ]; then
		echo 2
	else
		echo 3
	fi
}

# Does the test need the debug kernel?
lanes_debug() { [[ "$(group_line "$1") $1" = *kernel=debug* || $1 = */build-modules.t ]]; }

# lanes_sort FILE...: print the tests in their order, as lines "PHASE ORDER LANE
# FILE". The tests of a lane run one after another, and so do phases. Each group
# is a lane, and all tests on L0 are one. Who is free begins with the first lane
# that nobody works on: the large groups come first, so that at the end short ones
# are left to share. What needs the debug kernel comes late while that is still to
# be compiled. The second phase is for the tests that want quiet.
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
				print 0, 3 * is[2] + 1, "native", "-", is[4]
			else
				print 0, 3 * is[2] + 2 * (size[is[3]] <= 5), is[3], "-", is[4]
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
