# SPDX-License-Identifier: GPL-2.0-only
#
# Combines one cell into one result: what fio printed in each guest, and the
# counts of guest and host. Guest and host open and close their windows at
# nearly the same time, not exactly, so rates are compared, not sums. There is no
# result without any I/O. Of a slow path, I/Os may have ended at all other times
# than in the window; then the rate that fio saw counts.
def snapshot: split(" ") | map(tonumber);

($before | snapshot) as $b | ($after | snapshot) as $a |
($counts | snapshot) as $c |
(($a[3] - $b[3]) / 1e9) as $host_s |
[.[].jobs[0] | if .read.total_ios > 0 then .read else .write end] as $jobs |
($jobs | map(.iops) | add) as $iops |
select($iops > 0) |
(if $c[1] > 0 then $c[1] / $seconds else $iops end * $host_s) as $ios |
{
	part: $part, path: $path, rw: $rw,
	bs: ($bs | rtrimstr("k") | tonumber * 1024),
	qd: $qd, guests: $guests, vcpus: $vcpus, drive_us: $drive_us,
	iops: $iops,
	lat_mean_us: ($jobs | map(.clat_ns.mean * .iops) | add / $iops / 1000),
	lat_p99_us: ($jobs | map(.clat_ns.percentile["99.000000"]) | max / 1000),
	exits_per_io: (($a[0] - $b[0]) / $ios),
	host_cpu_us_per_io: (($a[1] - $b[1]) / $ios),
	pollers_us_per_io: (($a[4] - $b[4]) / 1000 / $ios),
	doorbell_faults_per_io: (($a[2] - $b[2]) / $ios),
	guest_interrupts_per_io: ($c[0] / $seconds * $host_s / $ios)
}
