#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=debug iommu=intel
#
# The modules' KUnit tests run when the modules are loaded. Each suite is one
# check here; the TAP of a failed suite follows as a comment.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

KUNIT_SUITES='sluice*' modules_load
mapfile -t suites < <(cd /sys/kernel/debug/kunit && ls -d sluice* 2>/dev/null)
plan $((${#suites[@]} + 2))
check "both modules are loaded" test -d /sys/module/sluice_nvme
for s in "${suites[@]}"; do
	check "suite $s" grep -qE '^ok ' "/sys/kernel/debug/kunit/$s/results" ||
		sed 's/^/# /' "/sys/kernel/debug/kunit/$s/results"
done
cases=$(cat /sys/kernel/debug/kunit/sluice*/results | grep -cE '^ +ok ')
# A module without its tests has no suites: that must not pass
check "there are suites of both modules and cases in them ($cases)" test \
	"$(printf '%s\n' "${suites[@]}" | grep -c nvme)" -ge 1 -a ${#suites[@]} -ge 3 -a "$cases" -ge 30
