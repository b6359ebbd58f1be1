#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=debug iommu=intel append=alone
#
# The modules' KUnit tests run when the modules are loaded. Each suite is one
# check here; the TAP of a failed suite follows as a comment.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

# insmod waits for each case, which KUnit gives five minutes on a busy machine
echo 300 >/proc/sys/kernel/hung_task_timeout_secs
KUNIT_SUITES='sluice*' modules_load
# The drives of KUnit tests have no name
provokes host '\(null\): controller fatal status'
provokes host '\(null\): completion of unknown command'
provokes host '\(null\): the drive does not complete the slice'
provokes host ' hostfake: .*(timed out|resetting)'
# A suite is a file that has its name and its cases
mapfile -t files < <(grep -rl '^kunit_test_suites\?(' /t/drivers --include='*_test.c' | sort)
plan $((2 * ${#files[@]} + 2))
check "both modules are loaded" test -d /sys/module/sluice_nvme
for file in "${files[@]}"; do
	suite=$(sed -n 's/^\t\.name = "\(.*\)",$/\1/p' "$file")
	results=/sys/kernel/debug/kunit/$suite/results
	check "suite $suite" grep -qE '^ok ' "$results" || sed 's/^/# /' "$results"
	# A case that was skipped has not passed
	is "all its cases" "$(grep -E '^    ok ' "$results" | grep -vc SKIP)" \
		"$(grep -c KUNIT_CASE "$file")"
done
is "no other suite" "$(find /sys/kernel/debug/kunit -maxdepth 1 -name 'sluice*' | wc -l)" \
	${#files[@]}
