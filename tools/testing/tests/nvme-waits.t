#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# What a VMM does with its big lock held, changing eventfds and unmapping memory,
# waits for no grace period of RCU. And what takes long because there is much of
# something offers the processor to other tasks: on kernels without preemption
# nothing else would run meanwhile.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck source=tools/testing/selftests/vfio/l1.sh
. /t/tools/testing/selftests/vfio/l1.sh

trace=/sys/kernel/tracing
mkdir -p $trace/instances/waits
for f in synchronize_rcu synchronize_rcu_expedited; do
	echo "p:waits/$f $f" >>$trace/kprobe_events
done
# What the driver calls as cond_resched()
echo "p:waits/offer __cond_resched caller=\$stack0:symstr" >>$trace/kprobe_events
echo 'caller ~ "sluice_*"' >$trace/instances/waits/events/waits/offer/filter
echo 0 >$trace/instances/waits/tracing_on
echo 1 >$trace/instances/waits/events/waits/enable || exit
# It ends the shell that it is called from
(selftest group vfio_waits)
status=$?
echo 0 >$trace/instances/waits/events/waits/enable
rmdir $trace/instances/waits
for f in synchronize_rcu synchronize_rcu_expedited offer; do
	echo "-:waits/$f" >>$trace/kprobe_events
done
exit $status
