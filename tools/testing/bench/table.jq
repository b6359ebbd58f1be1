# SPDX-License-Identifier: GPL-2.0-only
#
# Prints bench.json as text.
include "bench";

def line: (.[0] | left(16)) + (.[1:] | map(pad(9)) | join(""));

(parts[] as $part | cells($part) | .[0] as $c |
	"\($part): \($c | cell_name), queue depth \($c.qd); guests: \($c.guests), vCPUs: \($c.vcpus), drive: \($c.drive_us) us",
	(["", "IOPS", "least", "most", "ratio", "mean us", "p99 us", "exits", "host us", "faults", "irqs"] | line),
	(.[] | [.path, (.iops, .iops_min, .iops_max | round), (.ratio | digits(2)),
		(.lat_mean_us, .lat_p99_us | round), (.exits_per_io | digits(2)),
		(.host_cpu_us_per_io | round), (.doorbell_faults_per_io | digits(3)),
		(.guest_interrupts_per_io | digits(2))] | line),
	""),
"The ratio is that of the IOPS to the first path. Exits, the host's CPU time, doorbell",
"faults and guest interrupts are for each I/O.",
(.slower // empty | "This bed is \(.) times slower than the machine that runs it."),
"",
"Targets:",
(targets[] | select(.value != null) |
	"  \(.what | left(44))\(.target | pad(8))\(.value | digits(4) | pad(10))   \(.result)"),
"",
"Instructions of the mediation: \(.instructions | to_entries | map("\(.key) \(.value)") | join(", "))",
(select(.native) | "", "Native: \(native_bed)", (native_rows[] | "  \(.[0] | left(44))\(.[1])"), ""),
(.idle // empty | "An idle slice, over 10 s: \(.wakeups) wake-ups, \(.cpu_us) us of CPU time"),
(select(.counted | length > 0) |
	"",
	"Counted: guest and host on one processor, in instructions for each 4 KiB read:",
	(["", "QD", "instrs", "exits", "halts", "irqs", "faults", "vfio-pci"] | line),
	(.counted as $c | $c[] | .qd as $qd |
		[.path, $qd, (.ns_per_io | round), (.exits_per_io | digits(2)),
		(.kvm_per_io.halt_exits // 0 | digits(2)), (.kvm_per_io.irq_exits // 0 | digits(2)),
		(.doorbell_faults_per_io | digits(3)),
		(first($c[] | select(.path == "vfio-pci" and .qd == $qd)).ns_per_io / .ns_per_io | digits(2))] | line)),
(select(.scale | length > 0) |
	"",
	"Scale: instructions of the host for each 4 KiB read, and what else there is for each:",
	(["doorbells", "poll_us", "slices", "busy", "instrs", "least", "waits", "switches", "irqs", "faults"] | line),
	(.scale[] | [.doorbells, .poll_us, .slices, .busy, (.ns_per_io | round), (.least_share | digits(2)), (.waits_per_io | digits(3)),
		(.switches_per_io | digits(3)), (.irqs_per_io | digits(3)),
		(.doorbell_faults_per_io | digits(4))] | line)),
(.doorbell // empty | "Ringing a doorbell: \(.mapped_ns) instructions when its page is mapped, \(.away_ns) when it is away")
