#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
# quiet
#
# How long slices are polled, and by which threads: what an administrator can
# set, when it takes effect, and what is refused.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh

a=$(new_uuid) b=$(new_uuid) c=$(new_uuid)
parameter=/sys/module/sluice/parameters/poll_us

# lines WORD: count the log lines that contain it
lines() { dmesg | grep -cF -- "$1"; }

# reload PARAMETER=VALUE...: load the core again, and attach all three slices
reload() {
	modules_unload && insmod /out/mods/sluice.ko "$@" && sluice_up main || return
	for uuid in $a $b $c; do
		slice_attach main "$uuid" || return
	done
}
detach() {
	for uuid in $a $b $c; do
		slice_detach "$uuid" || return
	done
}

# reads UUID SECONDS [PAUSE]: one read after the other, with so many microseconds
# between
reads() { said=$(/out/bin/vfio/nvme_scale mapped "1x1+${3-0}" "$2" "$1"); }
# faults UUID SECONDS PAUSE CONDITION: what is true of the doorbell faults of a read;
# other work of the machine may delay user and poller for a moment
faults() {
	local try

	for try in 1 2 3; do
		reads "$1" "$2" "$3" || return
		diag "try $try: $said"
		jq -e ".scale.doorbell_faults_per_io $4" <<<"$said" && return
	done
	return 1
}
# throttle IOPS: the drive makes so many a second, with 0 any number
throttle() { l0 monitor block_set_io_throttle ns-main1 0 0 0 "$1" 0 0; }

plan 63
check "bind the drive" sluice_up main
check "three slices" table_write main "size=16MiB, type=slice, uuid=$a, name=a" \
	"size=16MiB, type=slice, uuid=$b, name=b" "size=16MiB, type=slice, uuid=$c, name=c"
is "the parameter's default" "$(cat $parameter)" 4000
check "attach" slice_attach main "$a"
is "it is the slice's" "$(slice_poll_us "$a")" 4000
check "another value" tee $parameter <<<70
is "does not reach an attached slice" "$(slice_poll_us "$a")" 4000
check "attach another" slice_attach main "$b"
is "but this one" "$(slice_poll_us "$b")" 70
for us in 0 4294967295 20; do
	check "$us is accepted" slice_set_poll_us "$a" $us
	is "and is there" "$(slice_poll_us "$a")" $us
done
for wrong in x:EINVAL -1:EINVAL 4294967296:ERANGE; do
	us=${wrong%:*}
	errno_is "$us is refused" "${wrong#*:}" slice_set_poll_us "$a" "$us"
	is "nothing changes" "$(slice_poll_us "$a")" 20
	is "the log says so once" "$(lines "poll_us: $us ")" 1
done
is "the other slice has its own" "$(slice_poll_us "$b")" 70
check "attach the third" slice_attach main "$c"

is "no thread without an open slice" "$(pollers)" ""
check "detach" detach
check "one thread on a CPU of its own" reload pollers=1 poller_cpus=1
check "two slices are open" slices_open "$a" "$b"
is "one thread has both" "$(pollers)" "sluice_poll/0 on 1"
slices_close $!
check "and goes with them" wait_for 10 no_poller

# least_share is 1 when all slices are served alike
share() { said=$(/out/bin/vfio/nvme_scale mapped 3 5 "$a" "$b" "$c"); }
check "three slices are busy on one thread" share
check "none much less than others" jq -e '.scale.least_share > 0.5' <<<"$said"
diag "$said"

# Create queues while the poller has already masked interrupts
check "polled for ever" slice_set_poll_us "$a" 4294967295
/out/bin/vfio/nvme_scale mapped 1 6 "$a" >said &
check "a slice is used" wait_for 60 has_slices $! 1
sleep 1
losses_begin
before=$(queue_interrupts)
sleep 3
interrupts=$(($(queue_interrupts) - before)) lost=$(losses)
losses_end
wait $!
check "for many commands" jq -e '.scale.ios > 1000' said
check "the drive interrupts hardly ever" test $interrupts -lt $((30 + 2 * lost))
diag "$interrupts interrupts in 3 s, the poller lost its CPU $lost times, $(cat said)"

# A task takes the poller's CPU again and again, with the drive's interrupts masked:
# each time they deliver what the drive has
hog() { exec chrt -f 50 taskset -c 1 sh -c 'while :; do :; done'; }
interrupted() { [ "$(queue_interrupts)" -gt "$before" ]; }
preempted() {
	local before hog

	sleep 1
	before=$(queue_interrupts)
	hog &
	hog=$!
	wait_for 10 interrupted
	set -- $?
	kill $hog
	wait $hog
	return "$1"
}
preempted_often() {
	for _ in 1 2 3 4 5; do
		preempted || return
	done
}
taskset -pc 0 $$ >/dev/null
check "a drive that has always commands" throttle 200
/out/bin/vfio/nvme_scale mapped 1 30 "$a" >said &
client=$!
check "a slice is used" wait_for 60 has_slices $client 1
sleep 2
check "the drive interrupts while the poller does not run" preempted_often
slices_close $client
check "the drive is fast again" throttle 0
taskset -pc 0-1 $$ >/dev/null

# Each read takes longer than an idle slice is polled, the guest's pause does not.
# What pauses the guest makes is learned from its first faults
check "polled for a twentieth of a second" slice_set_poll_us "$a" 50000
check "a drive that takes longer" throttle 16
# A slice that is idle during each read has a fault for each
check "the slice was not idle meanwhile: most doorbells did not fault" \
	faults "$a" 8 0 "< 0.5"
check "it is read" jq -e '.scale.ios > 40' <<<"$said"
check "the drive is fast again" throttle 0

# The poller learns what pauses the user makes, and whether polling is worth it
check "polled for ten seconds at most" slice_set_poll_us "$a" 10000000
check "pauses of a second: faults are cheaper" faults "$a" 4 1000000 "> 0.5"
check "pauses of a millisecond: hardly any doorbell faults" faults "$a" 3 1000 "< 0.25"

check "detach" detach
check "two threads" reload pollers=2
check "a slice is open" slices_open "$a"
first=$!
check "and two more" slices_open "$b" "$c"
second=$!
is "two threads share three slices" "$(pollers)" "sluice_poll/0 on 0-1,sluice_poll/1 on 0-1"
slices_close $second
is "one has still a slice" "$(pollers)" "sluice_poll/0 on 0-1"
check "another slice is open" slices_open "$b"
second=$!
slices_close $first
is "the first thread has gone" "$(pollers)" "sluice_poll/1 on 0-1"
check "a third slice is open" slices_open "$c"
first=$!
is "each thread has a name of its own" "$(pollers)" "sluice_poll/0 on 0-1,sluice_poll/1 on 0-1"
slices_close $first
slices_close $second
check "and then none" wait_for 10 no_poller

detach
modules_unload
errno_is "CPUs that are none are refused" "Invalid parameters" insmod /out/mods/sluice.ko poller_cpus=zzz
is "the log says so once" "$(lines "poller_cpus=zzz")" 1
