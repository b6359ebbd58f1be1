# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Judges what a test leaves in its directory besides its status: the logs of all
# kernels, and the TAP. The file "complaints" has the lines that must not be in
# a log. In the directory are:
#   tap               the TAP
#   dmesg             the log of L1's kernel
#   guests            the names of the guests that the test started
#   l2-NAME.console   the logs of a guest's kernels
#   declared          what the test said that there would be, see tap.sh

LOG_TABLE=$(dirname "${BASH_SOURCE[0]}")/complaints

# log_patterns KIND: the patterns of the table, KIND is / or !
log_patterns() { sed -n "s|^$1||p" "$LOG_TABLE"; }

# log_complaints FILE...: print the forbidden lines; fails if there are none.
# A log that does not exist is a complaint. LOG_ALLOWED has patterns, one a
# line, of lines that are none.
log_complaints() {
	local file status=1

	for file; do
		if [ ! -r "$file" ]; then
			echo "$file: there is no such log"
			status=0
		elif tr -d '\0\r' <"$file" | LC_ALL=C grep -aE -f <(log_patterns /) |
			LC_ALL=C grep -avE -f <(log_patterns !; log_allowed); then
			status=0
		fi
	done
	return $status
}

# An empty line would match everything
log_allowed() { [ -z "${LOG_ALLOWED-}" ] || echo "$LOG_ALLOWED"; }

# log_part NAME CONSOLE: print what L1 said during the test NAME. What came
# before the first test belongs to that, what came after a test to the test.
log_part() {
	tr -d '\0\r' <"$2" | LC_ALL=C awk -v start="test bed: $1 starts" '
		/test bed: .* starts/ {
			mine = index($0, start)
			if (mine && !started)
				printf "%s", early
			started = 1
		}
		!started { early = early $0 "\n" }
		mine'
}

# allowed DIR WHERE: the patterns of lines that a test provokes or tolerates
allowed() { declared "$1/declared" "$2~\?"; }

# declared FILE WORD: print the patterns that FILE has for WORD
declared() { [ ! -e "$1" ] || sed -n "s|^$2 ||p" "$1"; }

# host_complaints DIR CONSOLE, guest_complaints DIR: print what is wrong in the
# logs of a test
host_complaints() {
	local part

	part=$(mktemp)
	[ ! -e "$2" ] || log_part "$(basename "$1")" "$2" >"$part"
	LOG_ALLOWED=$(allowed "$1" host) log_complaints "$1/dmesg" "$part"
	missing_lines "$1" host "$1/dmesg"
	rm -f "$part"
}

guest_complaints() {
	local guest

	sort -u "$1/guests" 2>/dev/null | while read -r guest; do
		LOG_ALLOWED=$(allowed "$1" "$guest") \
			log_complaints "$1/l2-$guest.console"
		missing_lines "$1" "$guest" "$1/l2-$guest.console"
	done
}

# missing_lines DIR WHERE LOG: say which declared lines never came
missing_lines() {
	local pattern

	declared "$1/declared" "$2" | while read -r pattern; do
		LC_ALL=C grep -qaE -- "$pattern" "$3" ||
			echo "the test provokes, but nobody saw ($2): $pattern"
	done
}

# tap_complaints DIR: print what does not make the TAP of a test fail, but has
# to: what it skipped without having declared it, or declared and did not skip,
# and what another program printed there, which may look like a point at times
tap_complaints() {
	local pattern skips

	! grep -q '^1\.\.' "$1/tap" ||
		LC_ALL=C grep -avE '^(#|1\.\.[0-9]|(not )?ok [0-9]+( |$)|TAP version|$)' "$1/tap" |
		sed 's/^/not TAP: /'

	skips=$(grep -aiE '^(1\.\.0|(not )?ok .*# *(skip|todo))' "$1/tap")
	[ -z "$skips" ] || LC_ALL=C grep -avE -f <(declared "$1/declared" skip) <<<"$skips" |
		sed 's/^/not declared: /'
	declared "$1/declared" skip | while read -r pattern; do
		grep -qaE -- "$pattern" <<<"$skips" ||
			echo "declared as skipped, but it was not: $pattern"
	done
}

# test_complaints DIR [CONSOLE]: everything about a test in L1, whose console
# was CONSOLE; fails if there is nothing to say
test_complaints() {
	{
		host_complaints "$1" "${2-}"
		guest_complaints "$1"
		tap_complaints "$1"
	} | awk '!seen[$0]++ { print } END { exit !NR }'
}

# boot_complaints CONSOLE: what is wrong in the log of a boot that was given up,
# until the test bed asked where it hung
boot_complaints() {
	LOG_ALLOWED='stall|lockup|Call Trace|NMI backtrace' \
		log_complaints <(tr -d '\0\r' <"$1" | sed '/NMI received for/,$d')
}
