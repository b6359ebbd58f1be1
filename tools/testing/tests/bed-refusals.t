#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# A check that a command is refused does not pass when the command has said
# nothing: it was not found, ran out of time, was killed, or L0 could not do
# what it was asked.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

# verdict CHECK ARGUMENT...: print the verdict of a check, which does not count
verdict() { ("$@") | grep -oE '^(not )?ok'; }
is_killed() { bash -c 'kill -9 $$'; }
runs_out_of_time() { timeout 0.1 sleep 5; }
has_lost_its_guest() { return 125; }
says_no() { echo "x: No such device"; return 1; }

plan 18
for command in is_killed runs_out_of_time has_lost_its_guest no_such_command true; do
	is "no refusal: $command" "$(verdict refuse what $command)" "not ok"
done
is "a refusal" "$(verdict refuse what says_no)" ok
is "with its error" "$(verdict errno_is what ENODEV says_no)" ok
is "with another" "$(verdict errno_is what EBUSY says_no)" "not ok"
is "the text alone is no refusal" \
	"$(verdict errno_is what ENODEV echo "No such device")" "not ok"

check "an empty drive is empty" l0 zero main 0 4096
check "has a snapshot" l0 snapshot main
check "changes" l0 scribble main 0 4096
refuse "then it is not empty" l0 zero main 0 4096
refuse "nor as before" l0 same main
is "a range that makes no sense is not compared" \
	"$(verdict refuse what l0 zero main x 4096)" "not ok"
is "nor is a drive that is not there" \
	"$(verdict refuse what l0 same nosuch)" "not ok"
refuse "a command that QEMU's monitor does not know" l0 monitor nosuch
check "and one that it knows" l0 monitor qom-set \
	/machine/peripheral/drive-main smart_critical_warning 0
