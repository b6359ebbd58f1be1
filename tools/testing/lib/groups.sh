# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Decides which L1 a test runs in, and beside what. Tests that want the same L1
# share one boot. A test says it in comments at its head:
#   # l1: kernel=KERNEL iommu=intel|pt|amd|none [nodes=2] [append=WORD]...
#   # quiet
#   # check-all
# KERNEL is stock, debug, 6.1 or 7.3.
# append=alone means nothing to the kernel; it gives the test a separate L1.
# A test without "# l1:", or with "# l1: none", runs on L0. A test that is
# "quiet" measures time: no other test runs meanwhile. A test for "check-all"
# repeats the checks of another test, or is worth no boot of its own each time; it
# runs when it is named, and in "make check-all".

# group_line FILE -> the text after "# l1:", or nothing
group_line() {
	sed -n '1,20s/^# l1: *//p' "$1" | sed -n '1{/^none$/!p}'
}

# group_word FILE WORD: does the test say this word?
group_word() { sed -n 1,20p "$1" | grep -qx "# $2"; }

# group_name FILE -> the name of the directory for the L1's output
group_name() {
	local line

	line=$(group_line "$1")
	[ -n "$line" ] || return 0
	! group_word "$1" quiet || line+=" quiet"
	sed -E 's/(kernel|iommu|append)=//g; s/[^a-zA-Z0-9.]+/-/g' <<<"$line"
}

# group_options FILE: fill the array GROUP_OPTIONS with options for run-l1
group_options() {
	local word more=()

	GROUP_OPTIONS=()
	for word in $(group_line "$1"); do
		case $word in
		kernel=*) GROUP_OPTIONS+=(-k "${word#*=}") ;;
		iommu=*) GROUP_OPTIONS+=(-i "${word#*=}") ;;
		nodes=2) GROUP_OPTIONS+=(-2) ;;
		append=*) more+=("${word#*=}") ;;
		*) t_die "$1: what is '$word' in its l1 line?" ;;
		esac
	done
	[ ${#more[@]} = 0 ] || GROUP_OPTIONS+=(-a "${more[*]}")
}
