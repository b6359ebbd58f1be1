# SPDX-License-Identifier: GPL-2.0-only
#
# What can be said about bench.json: which results belong together, and how they
# compare with the targets.
def digits($n): . * pow(10; $n) | round | . / pow(10; $n);
def pad($n): tostring | (" " * ([$n - length, 0] | max)) + .;
def left($n): tostring | . + (" " * ([$n - length, 0] | max));

def parts: ["reads", "flash", "iommu", "neighbours", "vcpus", "others", "guests"];

def cell_name: "\({"randread": "random read", "randwrite": "random write",
	"read": "sequential read", "write": "sequential write"}[.rw]) of \(.bs / 1024) KiB";

# The results of a part, as lists of those that differ only in their path. The
# first path of a list is what the others are compared with: their ratio is that of
# the IOPS.
def cells($part): .results | map(select(.part == $part)) | to_entries |
	group_by(.value | {rw, bs, qd}) | sort_by(.[0].key)[] | map(.value) |
	.[0].iops as $first | map(.ratio = .iops / $first);

def found($part; $path; $qd): first(.results[] | select(.part == $part and
	.path == $path and .qd == $qd and (.rw == "randread"))) // null;
def over($part; $a; $b; $qd; value): [found($part; $a, $b; $qd) | value // empty] |
	if length == 2 then .[0] / .[1] else null end;

# The targets, each with what was measured
def targets: [
	["IOPS to vfio-pci, depth 8", ">=", 0.98, over("reads"; "slice"; "vfio-pci"; 8; .iops)],
	["IOPS to vfio-pci, depth 32", ">=", 1, over("reads"; "slice"; "vfio-pci"; 32; .iops)],
	["IOPS to vfio-pci, depth 8, two vCPUs", ">=", 0.98, over("vcpus"; "slice"; "vfio-pci"; 8; .iops)],
	["mean latency to vfio-pci, depth 1", "<=", 1.2, over("reads"; "slice"; "vfio-pci"; 1; .lat_mean_us)],
	["mean latency to vfio-pci, depth 1, flash", "<=", 1.05, over("flash"; "slice"; "vfio-pci"; 1; .lat_mean_us)],
	["IOPS to virtio-blk, depth 1", ">=", 2, over("reads"; "slice"; "virtio-blk"; 1; .iops)],
	["IOPS to virtio-blk, depth 8", ">=", 1.8, over("reads"; "slice"; "virtio-blk"; 8; .iops)],
	["IOPS to virtio-blk, depth 8, two vCPUs", ">=", 1.8, over("vcpus"; "slice"; "virtio-blk"; 8; .iops)],
	["IOPS to virtio-blk, depth 8, four guests", ">=", 1.8, over("guests"; "slice"; "virtio-blk"; 8; .iops)],
	["doorbell faults of a read, depth 1", "<=", 0.01, (found("reads"; "slice"; 1) | .doorbell_faults_per_io)],
	["doorbell faults of a read, depth 1, flash", "<=", 0.01, (found("flash"; "slice"; 1) | .doorbell_faults_per_io)],
	["exits to vfio-pci, depth 1", "<=", 1, over("reads"; "slice"; "vfio-pci"; 1; .exits_per_io)],
	["exits to vfio-pci, depth 8", "<=", 1, over("reads"; "slice"; "vfio-pci"; 8; .exits_per_io)],
	["own IOMMU: IOPS to vfio-pci, depth 1", ">=", 0.5, over("iommu"; "slice-iommu"; "vfio-pci-iommu"; 1; .iops)],
	["own IOMMU: IOPS to vfio-pci, depth 8", ">=", 0.5, over("iommu"; "slice-iommu"; "vfio-pci-iommu"; 8; .iops)],
	["own IOMMU: IOPS to vfio-pci, depth 32", ">=", 0.5, over("iommu"; "slice-iommu"; "vfio-pci-iommu"; 32; .iops)],
	["hostile neighbour: p99 to alone, depth 1", "<=", 2, over("neighbours"; "slice-hostile"; "slice-alone"; 1; .lat_p99_us)],
	["hostile neighbour: p99 to alone, depth 8", "<=", 2, over("neighbours"; "slice-hostile"; "slice-alone"; 8; .lat_p99_us)],
	["idle slice: wake-ups in 10 s", "<=", 0, .idle.wakeups],
	["idle slice: us of CPU time in 10 s", "<=", 0, .idle.cpu_us],
	["instructions: a read of 4 KiB", "<=", 900, .instructions.read_4k],
	["instructions: each further page, huge", "<=", 6, .instructions.page_huge],
	["instructions: each further page, scattered", "<=", 30, .instructions.page_scattered],
	["instructions: a visit that finds nothing", "<=", 150, .instructions.visit_empty],
	["instructions: each further pair of a visit", "<=", 20, .instructions.visit_queue],
	["native: a read alone, p50, ns", "<=", ([450, .native.line_ns + 150 | round] | max), .native.qd1_p50_ns],
	["native: modules alone, one read, ns", "<=", 70, .native.batch1_ns],
	["native: modules alone, each of 8 reads, ns", "<=", 35, .native.batch8_ns],
	["native: a visit that finds nothing, ns", "<=", 40, .native.visit_ns]
] | map({what: .[0], target: "\(.[1]) \(.[2])", value: .[3],
	result: (if .[3] == null then "not measured"
		elif (if .[1] == "<=" then .[3] <= .[2] else .[3] >= .[2] end) then "met"
		else "missed" end)});

# What "make bench-native" measured, and on what
def native_bed: .native | "\(.cpu), \(.rounds) windows for each figure, the drive takes \(.drive_ns) ns.";
def native_rows: def ns: "\(round) ns"; def rate: "\(. / 1e6 | digits(2)) million a second";
	.native | [
	["a cache line to the other CPU and back", (.line_ns | ns)],
	["a read alone (queue depth 1), p50", (.qd1_p50_ns | ns)],
	["a read alone (queue depth 1), p99", (.qd1_p99_ns | ns)],
	["reads at queue depth 8", (.qd8_iops | rate)],
	["reads at queue depth 32", (.qd32_iops | rate)],
	["reads at queue depth 128", (.qd128_iops | rate)],
	["the modules alone, for one read", (.batch1_ns | ns)],
	["the modules alone, for each of 8 reads", (.batch8_ns | ns)],
	["the modules alone, for each of 32 reads", (.batch32_ns | ns)],
	["a visit that finds nothing", (.visit_ns | ns)]
];
