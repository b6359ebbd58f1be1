#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel
#
# The kernel waits in a removal until the last user of a slice has closed it:
# sluicectl names the user, also one that keeps a killed program's memory, ends
# its wait on Ctrl-C, and never waits for the lock of the drive itself.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck disable=SC2034 # for lib.sh
SLUICECTL=/out/bin/sluicectl
# shellcheck source=tools/sluicectl/tests/lib.sh
. /t/tools/sluicectl/tests/lib.sh

bdf=$(drive_bdf main) sys=$(drive_sys main)
a=$(new_uuid)
opener() { slice_attr "$a" opener; }
opened() { [ "$(opener)" = "$(l2_pid one)" ]; }
state() { slice_attr "$a" state; }
is_free() { [ "$(state)" = free ]; }
unprivileged() { setpriv --reuid 65534 --regid 65534 --clear-groups /out/bin/sluicectl "$@"; }
# No command may take longer, whatever the kernel waits for
TOOL_SECONDS=30

begin 36
check "bind the drive" sluice_up main
check "a slice" table_write main "size=64MiB, type=slice, uuid=$a, name=web"
check "vhost" modprobe vhost_vsock

# A killed guest whose vhost descriptor another program has, as libvirt could
gives "attach" 0 "attached slice 'web'" attach web
is "nobody has it open" "$(opener)" ""
exec 7<>/dev/vhost-vsock
l2_start one qemu=-device qemu=vhost-vsock-pci,guest-cid=7,vhostfd=7 "$a"
check "the guest has it open" wait_for 60 opened
pid=$(l2_pid one)
gives "detach while the guest runs" 4 "'web' .* is in use by qemu-system-x86 \(pid $pid\)" detach web
kill "$(cat "$L2_RUN/one/holder.pid")" "$(cat "$L2_RUN/one/reader.pid")"
kill -9 "$pid"
check "the guest is killed" wait_for 60 l2_gone one
ended() { [ "$(opener)" = 0 ]; }
check "its memory lives on" wait_for 10 ended
# Another program uses vhost for itself (VHOST_SET_OWNER), as any other guest does
perl -e 'open(F, "+<", "/dev/vhost-vsock") and ioctl(F, 0xAF01, 0) or die $!; sleep' &
own=$!
with_vhost() { grep -qs "^vhost-" "/proc/$own"/task/*/comm; }
check "another program uses vhost" wait_for 20 with_vhost
gives "detach says in whom" 4 "ended: its device is kept open by .*\(pid $$\), which has /dev/vhost-vsock open" \
	detach web
refuse "and not in the other one" grep -q "pid $own" "$scratch/.err"
kill $own
is "detach left it as it was" "$(state)" attached
timeout --signal=INT --preserve-status 3 "$SLUICECTL" detach web --force >"$scratch/.out" 2>"$scratch/.err"
is "detach --force waits, until Ctrl-C" $? 4
like "says for whom it waited" "$(cat "$scratch/.err")" "waiting for the guest of the slice 'web' .*\(pid $$\)"
like "and what becomes of the slice" "$(cat "$scratch/.err")" "interrupted: .* not detached yet, but it will be"
gives "list says so" 0 "web .*being detached, waits for .*\(pid $$\)" list
gives "detach once more" 4 "is being detached already" detach web
gives "attach meanwhile" 4 "is being detached" attach web
exec 7>&-
check "when the program closes it, the slice is free" wait_for 30 is_free
refuse "and the mdev is gone" test -e "/sys/bus/mdev/devices/$a"
l2_forget one

# A removal of the drive that waits for a guest
gives "attach again" 0 "attached slice 'web'" attach web
l2_start one "$a"
check "a guest has it open" wait_for 60 opened
pid=$(l2_pid one)
# It cannot answer when it is asked to close the device
kill -STOP "$pid"
(echo "$bdf" >"$sys/driver/unbind") &
unbind=$!
removing() { [ ! -e "$sys/driver" ]; }
check "the drive is being removed" wait_for 20 removing
waits="waits for the guest of the slice 'web' \(.*\): qemu-system-x86 \(pid $pid\)"
gives "list says why that takes long" 0 "^$bdf +removing .*$waits" list
like "also to others than root" "$(unprivileged list)" "$waits"
gives "unbind, dry run" 4 "$waits" unbind "$bdf" --dry-run
gives "unbind" 4 "$waits" unbind "$bdf"
gives "bind" 4 "$waits" bind "$bdf"
gives "create" 4 "$waits" create "$bdf" --name x --size 1M
run doctor --json
like "doctor" "$(finding "drive $bdf")" "^WARN .*$waits"
kill -CONT "$pid"
kill -9 "$pid"
unbound() { ! kill -0 $unbind 2>/dev/null; }
check "without the guest, the removal ends" wait_for 60 unbound
l2_kill one
refuse "no driver has the drive" test -e "$sys/driver"
modprobe nvme
gives "unbind goes on from there" 0 "given back to nvme" unbind "$bdf"

# Others than root
unprivileged doctor --json >"$scratch/.out"
out=$(cat "$scratch/.out")
like "doctor does not judge what it cannot see" "$(finding "drive $bdf")" \
	"^UNKNOWN driver nvme; whether it is in use cannot be seen without root"
errno_is "nor does bind" "cannot be seen without root" unprivileged bind "$bdf"
