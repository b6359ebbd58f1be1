# SPDX-License-Identifier: GPL-2.0-only
#
# Combines all measurements into bench.json: for each cell the median of the
# rounds, value by value, and the least and the most IOPS.
def median: sort | .[(length / 2 | floor)];
def what: {part, path, rw, bs, qd, guests, vcpus, drive_us};

{
	version: 1,
	slower: $slower,
	results: [
		to_entries | map(select(.value.path)) |
		group_by(.value | what) | sort_by(.[0].key) | .[] |
		map(.value) as $rounds | ($rounds[0] | what) as $what | $what + (
			$rounds[0] | with_entries(.key as $k | select($what | has($k) | not) |
				.value = ($rounds | map(.[$k]) | median))
		) + {
			rounds: ($rounds | length),
			iops_min: ($rounds | map(.iops) | min),
			iops_max: ($rounds | map(.iops) | max)
		}
	],
	instructions: $instructions,
	native: $native,
	idle: (map(select(.idle)) | last | .idle),
	counted: [.[] | select(.counted) | .counted],
	scale: [.[] | select(.scale) | .scale],
	doorbell: (map(select(.doorbell)) | last | .doorbell)
}
