# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The machine that L1 is: kernel, IOMMU, drives. RUN_OUT is the run's directory.

test_name() { basename "$1" .t; }

# machine_dir stock|debug|SERIES -> where the kernel is
machine_dir() {
	case $1 in
	stock) "$T_DIR/roots/build" ;;
	debug) "$T_DIR/kernel/build" ;;
	6.1 | 7.3) "$T_DIR/roots/packaged" "$1" ;;
	*) t_die "no kernel called $1" ;;
	esac
}

# machine_symbols stock|debug -> an ELF file for gdb
machine_symbols() {
	local dir file

	case $1 in
	stock) file=vmlinux ;;
	debug) file=build/vmlinux ;;
	esac
	dir=$(machine_dir "$1") && echo "$dir/$file"
}

# machine_modules stock|debug|SERIES -> directory with the modules built for it. A
# warning is an error, so that it does not matter who builds them first.
machine_modules() {
	local out=$T_BUILD/test-$1 kernel=$1 dir

	dir=$(machine_dir "$kernel") || return
	case $kernel in
	debug) set -- "$dir/build" CONFIG_SLUICE_KUNIT_TEST=y ;;
	stock) set -- "/usr/src/linux-headers-$(cat "$dir/release")" ;;
	esac
	"$T_TOP/tools/build/modules" -W -k -o "$out" "$@"
}

# The sample backend and the core without table/ that it runs on, both for the
# debug kernel: RUN_OUT/mods/sample. A test that misses them fails; a machine is of
# use without.
machine_sample() {
	local log=$RUN_OUT/sample.log

	mkdir -p "$RUN_OUT/mods/sample"
	machine_build_sample >"$log" 2>&1 ||
		t_say "the sample backend does not build: see $log"
}

machine_build_sample() {
	local out=$T_BUILD/test-sample-backend kdir core

	kdir=$(machine_dir debug) && kdir+=/build || return
	core=$("$T_TOP/tools/build/modules" -k -o "${out%-backend}" "$kdir" \
		CONFIG_SLUICE_TABLE=n CONFIG_SLUICE_NVME=n \
		CONFIG_SLUICE_KUNIT_TEST=y) || return
	mkdir -p "$out"
	locked "$out.lock" machine_compile_sample "$out" "$kdir" "$core"
}

machine_compile_sample() {
	local out=$1 kdir=$2 core=$3

	rsync -r --checksum "$T_DIR/sample/" "$out/" &&
		make -j"$(nproc)" -C "$kdir" M="$out" SLUICE_CORE="$core" \
			KBUILD_EXTRA_SYMBOLS="$core/Module.symvers" \
			W=1 KCFLAGS=-Werror &&
		cp "$core/drivers/core/sluice.ko" "$out/sluice_sample.ko" \
			"$RUN_OUT/mods/sample/"
}

# The tool and the self-tests, for RUN_OUT/bin. A test that misses one of them
# fails; a machine is of use without.
machine_programs() {
	mkdir -p "$RUN_OUT/bin/vfio"
	t_programs machine_build_programs >"$RUN_OUT/programs.log" 2>&1 ||
		t_say "a program does not build: see $RUN_OUT/programs.log"
}

machine_build_programs() {
	local status=0

	{
		make -C "$T_TOP/tools/sluicectl" OUT="$T_BUILD/sluicectl" &&
			cp "$T_BUILD/sluicectl/sluicectl" "$RUN_OUT/bin/"
	} || status=1
	{
		make -C "$T_DIR/selftests/vfio" OUT="$T_BUILD/selftests-vfio" &&
			find "$T_BUILD/selftests-vfio" -maxdepth 1 -type f \
				\( -perm -u+x -o -name plan \) -exec cp -t "$RUN_OUT/bin/vfio" {} +
	} || status=1
	return $status
}

# t_machine COMMAND...: run COMMAND, which runs an L1. Only as many run at a time
# as L1_MACHINES says, usually one, since an L1 keeps more than one processor
# busy. To run more, set L1_SLOT to different words.
t_machine() {
	local n lock waiting=''

	if [ "${L1_MACHINES:-1}" = 1 ]; then
		t_locked "vm${L1_SLOT-}" "$@"
		return
	fi
	while :; do
		for ((n = 1; n <= L1_MACHINES; n++)); do
			lock=$T_CACHE/.lock-vm${L1_SLOT-}
			[ $n = 1 ] || lock+=.$n
			if flock -n 9; then
				"$@" 9>&-
				return
			fi 9>"$lock"
		done
		[ -n "$waiting" ] || t_say "waiting until another L1 has ended"
		waiting=1
		sleep 1
	done
}

# Where the programs of QEMU are
machine_qemu() {
	local dir

	dir=$("$T_DIR/qemu/build") && echo "$dir/bin"
}

drive_file() {
	local file=$RUN_OUT/drives/$1.img

	truncate -s "$2" "$file"
	echo "$file"
}

# Reads of LBA 2048 of the drive's partition at 32 MiB fail, and so do writes
# of LBA 4096 there: the test that wants it knows.
blkdebug_rules() {
	cat <<-END
	[inject-error]
	event = "none"
	iotype = "read"
	errno = "5"
	sector = "$((65536 + 2048))"
	once = "off"

	[inject-error]
	event = "none"
	iotype = "write"
	errno = "5"
	sector = "$((65536 + 4096))"
	once = "off"

	[inject-error]
	event = "none"
	iotype = "write-zeroes"
	errno = "5"
	sector = "$((65536 + 4096))"
	once = "off"
	END
}

# machine_drives SET IOMMU: fill the array DRIVES
machine_drives() {
	DRIVES=()
	# QEMU's IOMMU of AMD knows a device by the number that its bus had before
	# the firmware counted the buses: only what is on the first bus is served
	DRIVES_BEHIND_PORTS=1
	[ "$2" != amd ] || DRIVES_BEHIND_PORTS=
	case $1 in
	test | bench) "machine_drives_$1" ;;
	*) t_die "no set of drives called $1" ;;
	esac
}

# All four drives are on every L1, so that one boot serves many tests:
# main: 1 GiB, k4: blocks of 4096 bytes and queues for the largest type, fail:
# some sectors fail, and there are four namespaces, of which the third has
# metadata and the fourth is zoned, hang: can be made to answer nothing, and has
# two namespaces and a port for a second controller
machine_drives_test() {
	local file

	file=$(drive_file main 1G)
	machine_drive main 10 16 "driver=raw,discard=unmap,file.driver=file,file.filename=$file"
	file=$(drive_file k4 512M)
	machine_drive k4 11 20 "driver=raw,discard=unmap,file.driver=file,file.filename=$file" \
		logical_block_size=4096 physical_block_size=4096
	file=$(drive_file fail 256M)
	blkdebug_rules >"$RUN_OUT/drives/fail.rules"
	machine_drive fail 12 16 "driver=blkdebug,config=$RUN_OUT/drives/fail.rules,image.driver=file,image.filename=$file"
	file=$(drive_file fail2 64M)
	machine_namespace fail 2 "driver=raw,discard=unmap,file.driver=file,file.filename=$file" \
		discard_granularity=2M
	file=$(drive_file fail3 64M)
	machine_namespace fail 3 "driver=raw,file.driver=file,file.filename=$file" ms=8
	file=$(drive_file fail4 64M)
	machine_namespace fail 4 "driver=raw,file.driver=file,file.filename=$file" \
		zoned=on zoned.zone_size=16M
	file=$(drive_file hang 256M)
	machine_nbd_start "$file"
	DRIVES+=(-device "nvme-subsys,id=subsys-hang,nqn=hang")
	machine_controller hang 13 16 subsys=subsys-hang
	machine_namespace hang 1 "driver=nbd,server.type=unix,server.path=$RUN_OUT/drives/nbd.sock"
	file=$(drive_file hang2 64M)
	machine_namespace hang 2 "driver=raw,file.driver=file,file.filename=$file"
	machine_port twin 19
}

# Three drives that are alike and as fast as an emulated one can be, since what
# is measured is the way to them: whole for a guest, shared by Sluice, and
# shared by the host's own driver. Each has a namespace for every slice that
# may be wanted, all zeroes. What is written, as a partition table, goes to a
# temporary file. DRIVE_US, in the environment, is how long a read takes them.
machine_drives_bench() {
	local name slot=14 nsid latency=$((${DRIVE_US:-0} * 1000))

	for name in whole sliced host; do
		machine_controller $name $slot 128
		slot=$((slot + 1))
		for ((nsid = 1; nsid <= 64; nsid++)); do
			DRIVES+=(-drive "if=none,id=$name$nsid,format=raw,snapshot=on,file.driver=null-co,file.size=$((1 << 30)),file.read-zeroes=on,file.latency-ns=$latency"
				-device "nvme-ns,drive=$name$nsid,bus=drive-$name,nsid=$nsid")
		done
	done
}

# machine_drive NAME SLOT QUEUE-PAIRS BACKEND [PROPERTY...]: one with a namespace
machine_drive() {
	local name=$1 slot=$2 pairs=$3 backend=$4
	shift 4

	machine_controller "$name" "$slot" "$pairs"
	machine_namespace "$name" 1 "$backend" "$@"
}

# machine_port NAME SLOT: a port, if the drives are behind ports
machine_port() {
	[ -z "$DRIVES_BEHIND_PORTS" ] ||
		DRIVES+=(-device "pcie-root-port,id=rp-$1,bus=pcie.0,addr=0x$2,chassis=$((16#$2)),slot=$((16#$2))")
}

# machine_controller NAME SLOT QUEUE-PAIRS [PROPERTY]
machine_controller() {
	local bus=rp-$1

	[ -n "$DRIVES_BEHIND_PORTS" ] || bus=pcie.0,addr=0x$2
	machine_port "$1" "$2"
	DRIVES+=(-device "nvme,id=drive-$1,serial=$1,bus=$bus,max_ioqpairs=$3,msix_qsize=$(($3 + 1))${4:+,$4}")
}

# machine_namespace DRIVE NSID BACKEND [PROPERTY...]
machine_namespace() {
	local name=$1 nsid=$2 backend=$3
	shift 3

	DRIVES+=(-blockdev "$backend,node-name=$name$nsid"
		-device "$(IFS=,; echo "nvme-ns,id=ns-$name$nsid,drive=$name$nsid,bus=drive-$name,nsid=$nsid${*:+,$*}")")
}

# machine_share NAME SLOT PATH [OPTION...]: fill the array SHARE with a directory
# that L1 can mount. Its driver does not set the device up again after sleep, and
# the device forgets nothing if it may sleep without a reset, which takes a port.
machine_share() {
	local bus=pcie.0 name=$1 slot=$2 path=$3
	shift 3

	SHARE=(-fsdev "$(IFS=,; echo "local,id=$name,path=$path,security_model=none,multidevs=remap${*:+,$*}")")
	if [ -n "$DRIVES_BEHIND_PORTS" ]; then
		SHARE+=(-device "pcie-root-port,id=rp-$name,bus=pcie.0,addr=0x$slot,chassis=$((16#$slot)),slot=$((16#$slot))")
		bus=rp-$name,x-pcie-pm-no-soft-reset=on
	fi
	SHARE+=(-device "virtio-9p-pci,fsdev=$name,mount_tag=$name,bus=$bus")
}

machine_nbd_start() {
	local qemu

	qemu=$(machine_qemu) || return
	"$qemu/qemu-nbd" --persistent --shared=4 --format=raw --discard=unmap \
		--socket="$RUN_OUT/drives/nbd.sock" --fork \
		--pid-file="$RUN_OUT/nbd.pid" "$1"
}

machine_nbd_stop() {
	local pid

	[ -e "$RUN_OUT/nbd.pid" ] || return 0
	pid=$(cat "$RUN_OUT/nbd.pid")
	kill -CONT "$pid" 2>/dev/null || true
	kill "$pid" 2>/dev/null || true
	rm -f "$RUN_OUT/nbd.pid"
}

# machine_arguments KERNEL IOMMU real|counted APPEND ROOT: fill the array MACHINE.
# Of the memory, 16 MiB are said to be persistent, for a file system with DAX.
machine_arguments() {
	local accel=(-accel "tcg,thread=multi,tb-size=1024" -smp 2)
	local roots image initrd dir cmdline="console=ttyS0 panic=-1 oops=panic loglevel=5 mitigations=off rcupdate.rcu_cpu_stall_timeout=60 no_timer_check unknown_nmi_panic panic_print=0x41 memmap=16M!4G"
	local unit=() module_disk=() shares

	machine_share t 17 "$T_TOP" readonly=on
	shares=("${SHARE[@]}")
	machine_share out 18 "$RUN_OUT"
	shares+=("${SHARE[@]}")
	roots=$(machine_dir stock)
	image=${5:-$roots/l1-root.img}
	# A nanosecond of its time is an instruction of its only processor
	[ "$3" != counted ] ||
		accel=(-accel "tcg,thread=single,tb-size=1024" -smp 1
			-icount "shift=0,sleep=off")
	case $2 in
	intel | pt)
		unit=(-device "intel-iommu,intremap=on,caching-mode=on")
		cmdline+=" intel_iommu=on"
		[ "$2" != pt ] || cmdline+=" iommu=pt" ;;
	# Unlike Intel's, it remaps interrupts of the x2APIC only with xtsup
	amd) unit=(-device "amd-iommu,intremap=on,xtsup=on") ;;
	none) ;;
	*) t_die "no IOMMU called $2" ;;
	esac
	dir=$(machine_dir "$1")
	initrd=$roots/l1-initrd
	case $1 in
	stock) kernel_file=$roots/vmlinux ;;
	debug)
		kernel_file=$dir/bzImage
		cmdline+=" kunit.enable=1 page_poison=1" ;;
	*)
		kernel_file=$dir/vmlinuz
		initrd=$dir/l1-initrd
		module_disk=(-drive "if=none,id=modules,file=$dir/modules.img,format=raw,readonly=on"
			-device "virtio-blk-pci,drive=modules") ;;
	esac
	rm -f "$RUN_OUT"/mon.{in,out}
	mkfifo "$RUN_OUT"/mon.{in,out}
	# Without the virtual GIF, which TCG has not right: KVM does without. Ports
	# whose hot-plug is their own, as hardware's is, and not ACPI's.
	# shellcheck disable=SC2034 # for run-l1
	MACHINE=(
		-M "q35,kernel-irqchip=split" "${accel[@]}"
		-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
		-cpu "EPYC,+svm,+npt,-vgif" -m 6G
		-nodefaults -no-user-config -no-reboot -display none
		"${unit[@]}"
		-chardev "pipe,id=mon,path=$RUN_OUT/mon" -mon "chardev=mon,mode=readline"
		-drive "if=none,id=root,file=$image,format=raw,snapshot=on,cache=unsafe"
		-device "virtio-blk-pci,drive=root"
		"${shares[@]}" "${module_disk[@]}" "${DRIVES[@]}"
		-kernel "$kernel_file" -initrd "$initrd"
		-append "$cmdline $4"
	)
}

# Two NUMA nodes for MACHINE, each a socket with a processor. With more processors
# than there are below, one in fifty machines lost a processor's timer.
machine_nodes() {
	MACHINE+=(-smp "2,sockets=2"
		-object "memory-backend-ram,id=node0,size=3G"
		-object "memory-backend-ram,id=node1,size=3G"
		-numa "node,memdev=node0,cpus=0" -numa "node,memdev=node1,cpus=1")
}
