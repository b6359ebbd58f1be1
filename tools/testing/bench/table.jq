# SPDX-License-Identifier: GPL-2.0-only
#
# Prints bench.json as text.
def pad($n): tostring | (" " * ([$n - length, 0] | max)) + .;
def left($n): . + (" " * ([$n - length, 0] | max));
def digits($n): . * pow(10; $n) | round | . / pow(10; $n);
def line: .[0] as $path | ($path | left(14)) + (.[1:] | map(pad(9)) | join(""));
def cell: {rw, bs, qd, guests, vcpus, drive_us};
def at($path; $rw; $qd; $us): first(.results[] | select(.path == $path and
	.rw == $rw and .bs == 4096 and .qd == $qd and .guests == 1 and
	.vcpus == 1 and .drive_us == $us)) // null;
# The first results are those with the usual drive, the last those with a slow one
def at($path; $rw; $qd): at($path; $rw; $qd; .results[0].drive_us);
def at_last($path; $qd): at($path; "randread"; $qd; .results[-1].drive_us);
def ratio($what; $value; $target):
	if $value then "  \($what | left(52))\($value | digits(3) | pad(8))   target \($target)"
	else empty end;
def over($a; $b; f): if $a and $b then ($a | f) / ($b | f) else null end;

. as $all |
(.results | to_entries | group_by(.value | cell) | sort_by(.[0].key)[] |
	map(.value) | .[0] as $c |
	"\($c.rw), \($c.bs / 1024) KiB, queue depth \($c.qd); \($c.guests) guest(s) with \($c.vcpus) vCPU(s); drive: \($c.drive_us) us",
	(["", "IOPS", "mean us", "p99 us", "exits", "host us", "faults", "irqs"] | line),
	(.[] | [.path, (.iops | round), (.lat_mean_us | round),
		(.lat_p99_us | round), (.exits_per_io | digits(2)),
		(.host_cpu_us_per_io | round), (.doorbell_faults_per_io | digits(3)),
		(.guest_interrupts_per_io | digits(2))] | line),
	""),
"Exits, host's CPU time, doorbell faults and guest interrupts are for each I/O.",
"",
"Ratios:",
(("slice", "slice-poll0", "slice-patient", "slice-poll", "slice-dbbuf") as $s |
	ratio("\($s): IOPS against vfio-pci, QD 8";
		over($all | at($s; "randread"; 8); $all | at("vfio-pci"; "randread"; 8); .iops); ">= 0.98"),
	ratio("\($s): mean latency against vfio-pci, QD 1";
		over($all | at($s; "randread"; 1); $all | at("vfio-pci"; "randread"; 1); .lat_mean_us); "<= 1.05"),
	ratio("\($s): IOPS against virtio-blk, QD 1";
		over($all | at($s; "randread"; 1); $all | at("virtio-blk"; "randread"; 1); .iops); ">= 3"),
	ratio("\($s): IOPS against virtio-blk, QD 8";
		over($all | at($s; "randread"; 8); $all | at("virtio-blk"; "randread"; 8); .iops); ">= 1.8"),
	ratio("\($s): exits against vfio-pci, QD 8";
		over($all | at($s; "randread"; 8); $all | at("vfio-pci"; "randread"; 8); .exits_per_io); "<= 1")),
((1, 8) as $qd |
	ratio("slice-iommu: IOPS against vfio-pci-iommu, QD \($qd)";
		over($all | at("slice-iommu"; "randread"; $qd); $all | at("vfio-pci-iommu"; "randread"; $qd); .iops); ">= 0.5"),
	ratio("slice-beside: p99 against that of a slice alone, QD \($qd)";
		over($all | at("slice-beside"; "randread"; $qd); $all | at("slice"; "randread"; $qd); .lat_p99_us); "<= 2")),
(ratio("slice: doorbell faults for each read, QD 1";
	$all | at("slice"; "randread"; 1) | .doorbell_faults_per_io; "<= 0.01")),
(select(.slower) |
	"With a drive as slow as flash, \(.results[-1].drive_us) us, since this bed is \(.slower | digits(1)) times slower than the machine:",
	ratio("slice: mean latency against vfio-pci, QD 1";
		over($all | at_last("slice"; 1); $all | at_last("vfio-pci"; 1); .lat_mean_us); "<= 1.05"),
	ratio("slice: IOPS against vfio-pci, QD 8";
		over($all | at_last("slice"; 8); $all | at_last("vfio-pci"; 8); .iops); ">= 0.98"),
	ratio("slice: doorbell faults for each read, QD 1";
		$all | at_last("slice"; 1) | .doorbell_faults_per_io; "<= 0.01")),
"",
"Instructions of the mediation: \(.instructions | to_entries | map("\(.key) \(.value)") | join(", "))",
"An idle slice, over 10 s: \(.idle.wakeups) wake-ups, \(.idle.cpu_us) us of CPU time",
"",
"Counted: guest and host on one processor, in instructions for each 4 KiB read:",
(["", "QD", "instrs", "exits", "halts", "irqs", "faults", "vfio-pci"] | line),
(.counted as $c | $c[] | .qd as $qd |
	[.path, $qd, (.ns_per_io | round), (.exits_per_io | digits(2)),
	(.kvm_per_io.halt_exits // 0 | digits(2)), (.kvm_per_io.irq_exits // 0 | digits(2)),
	(.doorbell_faults_per_io | digits(3)),
	(first($c[] | select(.path == "vfio-pci" and .qd == $qd)).ns_per_io / .ns_per_io | digits(2))] | line),
(select(.scale | length > 0) |
	"",
	"Scale: instructions of the host for each 4 KiB read, and what else there is for each:",
	(["doorbells", "poll_us", "slices", "busy", "instrs", "least", "waits", "switches", "irqs", "faults"] | line),
	(.scale[] | [.doorbells, .poll_us, .slices, .busy, (.ns_per_io | round), (.least_share | digits(2)), (.waits_per_io | digits(3)),
		(.switches_per_io | digits(3)), (.irqs_per_io | digits(3)),
		(.doorbell_faults_per_io | digits(4))] | line)),
(.doorbell // empty | "Ringing a doorbell: \(.mapped_ns) instructions when its page is mapped, \(.away_ns) when it is away")
