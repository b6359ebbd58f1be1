# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For tests in L1 that run the programs of this directory. Source after
# tools/testing/lib/l1.sh.

# Make and attach two slices of one drive, the second right behind the first. The
# second is small, since tests fill all of it to see that nothing strays there.
selftest_slices() {
	sluice_up main host_queues=2 &&
		table_write main "size=64MiB, type=slice, uuid=$1, name=one" \
			"size=16MiB, type=slice, uuid=$2, name=two" &&
		slice_attach main "$1" 4 && slice_attach main "$2" 4
}

# selftest PATH [OPTION [VALUE]]... PROGRAM...: run the programs and end the test
selftest() {
	local path=$1 options=() a b status=0
	shift

	while [[ $1 = --* ]]; do
		options+=("$1")
		if [ "$1" != --trapped ]; then
			options+=("$2")
			shift
		fi
		shift
	done
	# Most programs take the memory of their queues away somewhere
	tolerates host 'sluice [0-9a-f-]+: controller fatal status'
	a=$(new_uuid) b=$(new_uuid)
	if ! selftest_slices "$a" "$b"; then
		echo "Bail out! no slices to test with"
		exit 1
	fi
	# Some tests need huge pages for their buffers
	echo 8 >/proc/sys/vm/nr_hugepages
	/out/bin/vfio/run.sh "${options[@]}" --path "$path" --second "$b" "$a" "$@" ||
		status=$?
	slice_detach "$a" && slice_detach "$b" || status=1
	exit $status
}
