# SPDX-License-Identifier: GPL-2.0-only
#
# Prints one table or sentence of bench.json for a document: $table is a part, a
# key, "targets" or, for README.md, "readme". Prints nothing when that was not
# measured; a target that was not measured has a row that says so.
include "bench";

def simple($head):
	map(map(tostring)) as $rows | ([$head] + $rows) as $all |
	[range($head | length) as $i | $all | map(.[$i] | length) | max] as $widths |
	def row: [range(length) as $i | .[$i] | left($widths[$i])] | join(" ") | sub(" +$"; "");
	($widths | map("=" * .) | join(" ")) as $rule |
	if $rows == [] then empty
	else $rule, ($head | row), $rule, ($rows[] | row), $rule end;

def results: [cells($table)[] | [.qd, .path, (.iops | round),
	"\(.iops_min | round)-\(.iops_max | round)", (.ratio | digits(2)),
	(.lat_mean_us, .lat_p99_us | round), (.exits_per_io | digits(2)),
	(.host_cpu_us_per_io | round), (.doorbell_faults_per_io | digits(4))]];
def results_head: ["depth", "path", "IOPS", "spread", "ratio", "mean us", "p99 us", "exits",
	"host us", "faults"];

def counted: .counted // [] | . as $c | [$c[] | .qd as $qd | [.qd, .path, (.ns_per_io | round),
	(.exits_per_io | digits(2)), (.kvm_per_io.halt_exits // 0 | digits(2)),
	(.kvm_per_io.irq_exits // 0 | digits(2)), (.doorbell_faults_per_io | digits(4)),
	(first($c[] | select(.path == "vfio-pci" and .qd == $qd)).ns_per_io / .ns_per_io | digits(2))]] |
	sort_by(.[0]);

def scale: [.scale[]? | [.doorbells, .slices, .busy, (.ns_per_io | round),
	(.least_share | digits(3)), (.switches_per_io | digits(3)), (.irqs_per_io | digits(3)),
	(.doorbell_faults_per_io | digits(4))]];

# The names are those of count/count. What is not counted is left blank.
def instructions: .instructions // {} | . as $i | [
	["read_4k", "a read of 4 KiB alone"],
	["read_4k_submit", "its submission"],
	["read_4k_complete", "its completion"],
	["read_4k_batch8", "each of eight reads together"],
	["page_huge", "each further page, huge pages"],
	["page_scattered", "each further page, scattered"],
	["read_128k_huge", "a read of 128 KiB, huge pages"],
	["read_128k_4k", "a read of 128 KiB, scattered pages"],
	["doorbell_fault", "a doorbell fault, slice asleep"],
	["visit_empty", "a visit that finds nothing"],
	["visit_queue", "each further pair of that visit"]
] | map(.[0] as $name | select($i | has($name)) | [.[1], "``\($name)``", $i[$name],
	$i[$name + "_locked"] // "", $i[$name + "_mmio"] // ""]);

# IOPS to vfio-pci, as a row of a table in Markdown
def markdown: "| " + (map(tostring) | join(" | ")) + " |";
def to_vfio($part; $path): [(1, 8, 32) as $qd | over($part; $path; "vfio-pci"; $qd; .iops) |
	if . then digits(2) else "" end];
def readme: [("reads", "flash") as $part | ("slice", "virtio-blk") as $path |
	to_vfio($part; $path) | select(any(. != "")) |
	[$path + (if $part == "flash" then ", a drive as slow as flash" else "" end)] + .] |
	if . == [] then empty
	else (["queue depth", 1, 8, 32], ["---", "---", "---", "---"], .[] | markdown) end;

if $table == "readme" then readme
elif $table == "targets" then select(.results | length > 0) | [targets[] | [.what, .target,
	(.value | if . == null then "" else digits(4) end), .result]] |
	simple(["measure", "target", "value", "result"])
elif $table == "instructions" then instructions | simple(["what", "name", "instructions", "that lock",
	"registers"])
elif $table == "native" then select(.native) | native_bed, "", (native_rows | simple(["measure", "figure"]))
elif $table == "counted" then counted | simple(["depth", "path", "instructions", "exits", "halts",
	"irqs", "faults", "ratio"])
elif $table == "scale" then scale | simple(["doorbells", "open", "busy", "instructions", "share",
	"switches", "irqs", "faults"])
elif $table == "others" then [cells($table)[] | [cell_name, .qd, .path, (.iops | round),
	"\(.iops_min | round)-\(.iops_max | round)", (.ratio | digits(2)),
	(.lat_mean_us, .lat_p99_us | round)]] |
	simple(["cell", "depth", "path", "IOPS", "spread", "ratio", "mean us", "p99 us"])
elif $table == "idle" then .idle // empty |
	"An idle slice caused \(.wakeups) wake-ups and used \(.cpu_us | round) us of CPU time in ten seconds."
elif $table == "doorbell" then .doorbell // empty |
	"A program's store to the doorbell page took \(.mapped_ns) instructions with the page mapped,",
	"including the reading of the clock, and \(.away_ns) with the page away."
elif $table == "flash" then select(.slower) | first(cells($table))[0].drive_us as $us |
	"The host was \(.slower) times slower than the machine that runs its emulator, so the",
	"drive took \($us) microseconds for a command.", "", (results | simple(results_head))
else results | simple(results_head) end
