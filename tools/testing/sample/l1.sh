# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For tests in L1 with the sample backend; sourced after tools/testing/lib/l1.sh.

# The sample backend on a core without table/, in place of the usual modules
sample_up() {
	modules_unload && modules_prepare &&
		insmod /out/mods/sample/sluice.ko &&
		insmod /out/mods/sample/sluice_sample.ko
}

# sample_uuid LAST-BYTE -> the UUID of a slice, see main.c
sample_uuid() { echo "5a3b1e0c-7d52-4c8f-9106-2e44d0a7bb$1"; }

# sample_parent TYPE -> the platform device that offers an mdev type
sample_parent() {
	case $1 in
	trapped) echo sluice_sample_min ;;
	*) echo sluice_sample ;;
	esac
}

sample_type() { echo "/sys/devices/platform/$(sample_parent "$1")/mdev_supported_types/sluice_sample-$1"; }

# sample_attach TYPE UUID
sample_attach() { echo "$2" >"$(sample_type "$1")/create"; }

# sample_bind PLATFORM-DEVICE, sample_unbind PLATFORM-DEVICE
sample_bind() { echo "$1" >/sys/bus/platform/drivers/sluice_sample/bind; }
sample_unbind() { echo "$1" >/sys/bus/platform/drivers/sluice_sample/unbind; }

# sample_wipe_ms MS: how long the wipe of a pool member waits
sample_wipe_ms() { echo "$1" >/sys/module/sluice_sample/parameters/wipe_ms; }

sample_available() { cat "$(sample_type "$1")/available_instances"; }

# sample_client PATH [OPTION VALUE]... UUID PROGRAM...: run self-tests, and print
# what failed
sample_client() {
	timeout 300 /out/bin/vfio/run.sh --path "$@" >/run/client.log 2>&1 || {
		grep -A 1 '^not ok' /run/client.log | head -n 20
		tail -n 20 /run/client.log
		false
	}
}

# sample_own PATH UUID: run what only the sample backend has. "fresh" in
# sample_regions must come before anything is written to the slice
sample_own() { sample_client "$@" sample_regions sample_doorbells sample_copies; }
