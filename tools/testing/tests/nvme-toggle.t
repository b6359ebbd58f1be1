#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# timeout: 600
#
# A guest is busy and idle in turn, so that its doorbell page is mapped and
# unmapped all the time: no doorbell is lost, with each polling window, and with
# or without shadow doorbells.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid)
windows="0 20 500"

# Print the number of commands of the guest so far
commands() { l2_run toggling "awk '{ print \$1 + \$5 }' /sys/block/nvme0n1/stat"; }

# A second with each pause, on a nearly empty queue and on a fuller one; fio
# soon reads back what it wrote
toggles='for us in 0 10 50 200 600; do
fio --minimal --output=/dev/null --ioengine=libaio --direct=1 --rw=randrw --bs=4k --time_based --runtime=1
	--thinktime=$us --verify=crc32c --verify_backlog=16 --verify_fatal=1 --verify_state_save=0
	--randrepeat=0 --filename=/dev/nvme0n1 --size=16m
	--name=one --iodepth=1 --name=four --iodepth=4 --offset=32m || exit
done'
toggles=$(tr '\t' ' ' <<<"$toggles" | sed -z 's/\n  */ /g')

# busy WINDOW: print what some reads cost: "COMMANDS INTERRUPTS LOSSES"
busy() {
	local commands interrupts losses

	slice_set_poll_us "$a" "$1"
	commands=$(commands) interrupts=$(queue_interrupts) losses=$(losses)
	l2_run toggling 'fio --minimal --output=/dev/null --ioengine=libaio --direct=1 --rw=randread --bs=4k \
		--iodepth=1 --number_ios=500 --filename=/dev/nvme0n1 --name=job' || return
	echo $(($(commands) - commands)) $(($(queue_interrupts) - interrupts)) \
		$(($(losses) - losses))
}

plan 34
check "bind the drive" sluice_up main
losses_begin
check "a slice" table_write main "size=64MiB, type=slice, uuid=$a, name=a"
for shadow in N Y; do
	# A guest asks for shadow doorbells when it starts
	echo $shadow >/sys/module/sluice_nvme/parameters/shadow_doorbells
	check "shadow $shadow: attach" slice_attach main "$a"
	l2_start toggling vcpus=2 "$a"
	check "shadow $shadow: a guest is up" l2_up toggling
	for us in $windows; do
		what="shadow $shadow, poll_us $us"
		check "$what" slice_set_poll_us "$a" "$us"
		commands=$(commands) faults=$(slice_faults "$a")
		check "$what: every command is right" l2_run toggling "$toggles" 120
		diag "$what: $(($(commands) - commands)) commands, $(($(slice_faults "$a") - faults)) faults"
		[ "$us" != 0 ] ||
			check "$what: the page was taken away" test "$(slice_faults "$a")" -gt "$faults"
		is "$what: the guest has missed nothing" \
			"$(grep -iE 'timeout|I/O error|abort|blocked for' "$L2_RUN/toggling/console")" ""
	done

	# While the slice is polled, the drive need not interrupt, but once for each
	# queue when the poller gets no CPU. One command at a time: of many, several
	# are complete at one interrupt anyway.
	read -r commands interrupts losses < <(busy 4294967295)
	diag "shadow $shadow, polled for ever: $commands commands, $interrupts interrupts, $losses losses"
	check "shadow $shadow, polled for ever: few interrupts" test "$interrupts" -lt $((commands / 10 + 2 * losses))
	read -r commands interrupts _ < <(busy 0)
	diag "shadow $shadow, not polled: $commands commands, $interrupts interrupts"
	check "shadow $shadow, not polled: many interrupts" test "$interrupts" -gt $((commands / 10))
	check "shadow $shadow: the guest ends" l2_stop toggling
	check "shadow $shadow: detach" slice_detach "$a"
done
losses_end
