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

# The targets that were measured
def targets: [
	["IOPS to vfio-pci, queue depth 8", ">=", 0.98, over("reads"; "slice"; "vfio-pci"; 8; .iops)],
	["the same at queue depth 32", ">=", 1, over("reads"; "slice"; "vfio-pci"; 32; .iops)],
	["the same at 8, guests with 2 vCPUs", ">=", 0.98, over("vcpus"; "slice"; "vfio-pci"; 8; .iops)],
	["mean latency to vfio-pci, queue depth 1", "<=", 1.2, over("reads"; "slice"; "vfio-pci"; 1; .lat_mean_us)],
	["the same with a drive as slow as flash", "<=", 1.05, over("flash"; "slice"; "vfio-pci"; 1; .lat_mean_us)],
	["IOPS to virtio-blk, queue depth 1", ">=", 2, over("reads"; "slice"; "virtio-blk"; 1; .iops)],
	["the same at queue depth 8", ">=", 1.8, over("reads"; "slice"; "virtio-blk"; 8; .iops)],
	["the same at 8, guests with 2 vCPUs", ">=", 1.8, over("vcpus"; "slice"; "virtio-blk"; 8; .iops)],
	["the same at 8, four guests", ">=", 1.8, over("guests"; "slice"; "virtio-blk"; 8; .iops)],
	["doorbell faults for each read, depth 1", "<=", 0.01, (found("reads"; "slice"; 1) | .doorbell_faults_per_io)],
	["the same with a drive as slow as flash", "<=", 0.01, (found("flash"; "slice"; 1) | .doorbell_faults_per_io)],
	["exits to vfio-pci, queue depth 1", "<=", 1, over("reads"; "slice"; "vfio-pci"; 1; .exits_per_io)],
	["the same at queue depth 8", "<=", 1, over("reads"; "slice"; "vfio-pci"; 8; .exits_per_io)],
	["own IOMMU: IOPS to vfio-pci, depth 1", ">=", 0.5, over("iommu"; "slice-iommu"; "vfio-pci-iommu"; 1; .iops)],
	["the same at queue depth 8", ">=", 0.5, over("iommu"; "slice-iommu"; "vfio-pci-iommu"; 8; .iops)],
	["the same at queue depth 32", ">=", 0.5, over("iommu"; "slice-iommu"; "vfio-pci-iommu"; 32; .iops)],
	["hostile neighbour: p99 to alone, depth 1", "<=", 2, over("neighbours"; "slice-hostile"; "slice-alone"; 1; .lat_p99_us)],
	["the same at queue depth 8", "<=", 2, over("neighbours"; "slice-hostile"; "slice-alone"; 8; .lat_p99_us)],
	["a read of 4 KiB, instructions", "<=", 900, .instructions.read_4k],
	["each further page, huge", "<=", 6, .instructions.page_huge],
	["each further page, scattered", "<=", 30, .instructions.page_scattered],
	["a visit that finds nothing", "<=", 150, .instructions.visit_empty],
	["each further queue pair of a visit", "<=", 20, .instructions.visit_queue],
	["wake-ups of an idle slice, in 10 s", "<=", 0, .idle.wakeups]
] | map(select(.[3] != null) | {what: .[0], target: "\(.[1]) \(.[2])", value: .[3],
	met: (if .[1] == "<=" then .[3] <= .[2] else .[3] >= .[2] end)});
