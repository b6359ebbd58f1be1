# SPDX-License-Identifier: GPL-2.0-only
#
# Draws bench.json as a bar chart in SVG: the IOPS of each path, cell by cell,
# and the spread of the rounds.
include "bench";

def colours: {"vfio-pci": "#444444", "slice": "#1f6fb4", "slice-poll0": "#7fb3dd",
	"slice-poll": "#0d3f6b", "slice-dbbuf": "#2a9d8f", "virtio-blk": "#e0862d",
	"qemu-nvme": "#c9b037", "vhost-scsi": "#b5485d"};
def bar: 14;
def text($x; $y; $more; $s): "<text x=\"\($x)\" y=\"\($y)\" \($more)>\($s)</text>";

[cells(parts[])] as $cells |
($cells | map(length * bar + 34) | add + 40) as $height |
"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"\($height)\" font-family=\"sans-serif\" font-size=\"11\">",
"<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
text(10; 20; "font-size=\"14\""; "IOPS; the line is the spread of the rounds"),
(foreach $cells[] as $c ({y: 34, next: 34};
	.y = .next | .next += ($c | length * bar + 34);
	.y as $y | ($c | map(.iops_max) | max) as $top | $c[0] as $h |
	text(10; $y + 16; "font-weight=\"bold\"";
		"\($h.part): \($h | cell_name), queue depth \($h.qd)"),
	($c | to_entries[] | ($y + 24 + .key * bar) as $at | .value |
		text(100; $at + 10; "text-anchor=\"end\""; .path),
		"<rect x=\"106\" y=\"\($at)\" width=\"\(560 * .iops / $top)\" height=\"\(bar - 3)\" fill=\"\(colours[.path] // "#888888")\"/>",
		"<path d=\"M\(106 + 560 * .iops_min / $top) \($at + 5.5)H\(106 + 560 * .iops_max / $top)\" stroke=\"black\"/>",
		text(112 + 560 * .iops_max / $top; $at + 10; ""; .iops | round)))),
"</svg>"
