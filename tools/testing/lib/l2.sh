# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Starts and uses guests in L1. Each guest has a name and a directory
# /run/l2/<name>/ with: pid, console (kernel log), agent.log (output of its
# scripts) and qemu.log.

L2_RUN=/run/l2
L2_CMDLINE="console=ttyS0 loglevel=5 panic=-1 mitigations=off"

# l2_ready NAME: prepare a guest's directory; the pipes agent.in and agent.out are
# for its port
l2_ready() {
	local dir=$L2_RUN/$1

	rm -rf "$dir"
	mkdir -p "$dir"
	[ -z "${L1_TEST-}" ] || echo "$1" >>"/out/$L1_TEST/guests"
	mkfifo "$dir/agent.in" "$dir/agent.out"
	# Keep both ends open, so that neither side sees an end of file
	sleep 100000 <>"$dir/agent.in" >/dev/null 2>&1 &
	echo $! >"$dir/holder.pid"
	cat <>"$dir/agent.out" >"$dir/agent.log" 2>/dev/null &
	echo $! >"$dir/reader.pid"
	touch "$dir/console" "$dir/qemu.log"
	echo 0 >"$dir/number"
}

# l2_start NAME [OPTION...] [UUID...]: start a guest with these mdevs; do not
# wait until the guest is up. Each mdev is on a separate root port, so that it
# can be unplugged. Options: vcpus=N mem=MIB iommufd reboot (let the guest
# restart; without it QEMU ends) iommu (the guest has an IOMMU and uses it)
# bios=FILE (firmware that finds a kernel without help) qemu=ARGUMENT (one option for
# each argument)
l2_start() {
	local name=$1 vcpus=1 mem=384 iommufd='' port=0 opt dir=$L2_RUN/$1
	local args=() ending=(-no-reboot) cmdline=$L2_CMDLINE boot=()
	shift

	for opt; do
		case $opt in
		vcpus=*) vcpus=${opt#*=} ;;
		mem=*) mem=${opt#*=} ;;
		qemu=*) args+=("${opt#*=}") ;;
		bios=*) boot=(-bios "${opt#*=}") ;;
		reboot) ending=() ;;
		iommu)
			cmdline+=" intel_iommu=on"
			# Before all devices that it translates for
			args=(-device "intel-iommu,caching-mode=on,device-iotlb=on" "${args[@]}") ;;
		iommufd)
			iommufd=,iommufd=iommufd0
			args+=(-object "iommufd,id=iommufd0") ;;
		*)
			port=$((port + 1))
			args+=(-device "pcie-root-port,id=port$port,chassis=$port"
				-device "vfio-pci,bus=port$port,sysfsdev=/sys/bus/mdev/devices/$opt$iommufd") ;;
		esac
	done
	[ ${#boot[@]} -gt 0 ] ||
		boot=(-kernel /l2/vmlinux -initrd /l2/initrd -append "$cmdline")
	l2_ready "$name"
	qemu-system-x86_64 -M q35 -accel kvm -cpu host -smp "$vcpus" -m "$mem" \
		-nodefaults -no-user-config -display none "${ending[@]}" \
		-serial "file:$dir/console" \
		-chardev "pipe,id=agent,path=$dir/agent" \
		-device virtio-serial-pci \
		-device virtserialport,chardev=agent,name=agent \
		"${boot[@]}" "${args[@]}" </dev/null >"$dir/qemu.log" 2>&1 &
	echo $! >"$dir/pid"
}

l2_pid() { cat "$L2_RUN/$1/pid"; }

l2_alive() { kill -0 "$(l2_pid "$1")" 2>/dev/null; }

l2_boots() { grep -c '^L2-READY' "$L2_RUN/$1/agent.log"; }

# l2_up NAME [TIMES]: wait until the guest has started TIMES times and takes
# scripts
l2_up() {
	local name=$1 end=$((SECONDS + ${L2_BOOT_TIMEOUT:-150}))

	until [ "$(l2_boots "$name")" -ge "${2:-1}" ]; do
		if ! l2_alive "$name" || [ $SECONDS -ge $end ]; then
			echo "guest $name did not come up" >&2
			cat "$L2_RUN/$name/qemu.log" >&2
			tail -n 20 "$L2_RUN/$name/console" >&2
			return 1
		fi
		nap
	done
}

# l2_send NAME SCRIPT: start a script in a guest, do not wait
l2_send() {
	local dir=$L2_RUN/$1 number

	number=$(($(cat "$dir/number") + 1))
	echo $number >"$dir/number"
	printf '%s %s\n' $number "$(printf '%s\n' "$2" | base64 -w 0)" \
		>"$dir/agent.in"
}

# l2_wait NAME [SECONDS]: wait for the last script that was sent; print its
# output and return its status
l2_wait() {
	local dir=$L2_RUN/$1 end=$((SECONDS + ${2:-300})) number line
	number=$(cat "$dir/number")

	until line=$(grep "^L2-EXIT $number " "$dir/agent.log"); do
		if ! l2_alive "$1" || [ $SECONDS -ge $end ]; then
			echo "guest $1: script $number did not end" >&2
			tail -n 20 "$dir/agent.log" >&2
			return 125
		fi
		nap
	done
	# The output since the end of the previous script or the guest's start
	awk -v to="L2-EXIT $number " '
		index($0, to) == 1 { printf "%s", text; exit }
		/^L2-(EXIT|READY)/ { text = ""; next }
		{ text = text $0 "\n" }' "$dir/agent.log" | tr -d '\r' | sed '${/^$/d}'
	return "${line##* }"
}

# l2_run NAME SCRIPT [SECONDS]: run a script in a guest
l2_run() { l2_send "$1" "$2" && l2_wait "$1" "${3:-300}"; }

# l2_stop NAME: power a guest off and wait until QEMU ends
l2_stop() {
	l2_send "$1" 'sync; poweroff -f'
	wait_for 60 l2_gone "$1" || { l2_kill "$1"; return 1; }
	l2_forget "$1"
}

l2_gone() { ! l2_alive "$1"; }

# l2_kill NAME: kill QEMU with SIGKILL and wait until it is gone
l2_kill() {
	kill -9 "$(l2_pid "$1")" 2>/dev/null
	wait_for 60 l2_gone "$1" || return
	l2_forget "$1"
}

l2_forget() {
	local dir=$L2_RUN/$1

	kill "$(cat "$dir/holder.pid")" "$(cat "$dir/reader.pid")" 2>/dev/null
	mkdir -p "/out/${L1_TEST-}"
	cat "$dir/console" >>"/out/${L1_TEST-}/l2-$1.console"
	cat "$dir/qemu.log" "$dir/agent.log" >>"/out/${L1_TEST-}/l2-$1.log"
	rm -rf "$dir"
}

l2_kill_all() {
	local dir

	for dir in "$L2_RUN"/*; do
		[ ! -e "$dir/pid" ] || l2_kill "${dir##*/}"
	done
}
