# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Which L1 a test wants. Tests that want the same one share its boot. The
# comment at the head of a test:
#   # l1: kernel=stock|debug iommu=intel|pt|none [nodes=2] [append=WORD]...
# where append=alone, of no meaning to the kernel, makes a machine of its own.
# A test without it, or with "# l1: none", runs here, on L0.

# group_line FILE -> what follows "# l1:", empty if nothing does
group_line() {
	sed -n '1,20s/^# l1: *//p' "$1" | sed -n '1{/^none$/!p}'
}

# group_name FILE -> a name for a directory
group_name() { group_line "$1" | sed -E 's/(kernel|iommu|append)=//g; s/[^a-zA-Z0-9.]+/-/g'; }

# group_options FILE: fill the array GROUP_OPTIONS with arguments of run-l1
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
