# SPDX-License-Identifier: BSD-3-Clause
# The figures of perf/run.sh host: medians of the turns, as perf/README.md describes them.
include "stats";
def percentiles(of): {p50: (map(of.p50) | median), p99: (map(of.p99) | median)};
def cpu_by: . as $all | .[0].cpu | keys | map(. as $k
	| {key: $k, value: ($all | map(.cpu[$k] / (if .gb > 0 then .gb else 1e-9 end)) | median)})
	| from_entries;

([$latency | group_by([.underlay_offload, .contender])[] | {
	contender: .[0].contender, underlay_offload: .[0].underlay_offload,
	idle: percentiles(.idle), loaded: percentiles(.loaded), answered:
	(percentiles(.answered) + {per_second: (map(.answered.per_second) | median)})}]) as $late
| def rtt($row): first($late[] | select(.contender == $row.contender and
	.underlay_offload == $row.underlay_offload)) // null;

([$streams | group_by([.underlay_offload, .proto, .streams, .contender])[] | {
	contender: .[0].contender, proto: .[0].proto, underlay_offload: .[0].underlay_offload,
	streams: .[0].streams, gbps: (map(.gbps) | median), spread: (map(.gbps) | spread),
	samples: map(.gbps), lost: (map(.lost) | median), retransmits: (map(.retransmits) | median),
	cpu_by: cpu_by}]
	| map(. + {cpu_s_per_gb: .cpu_by.total} + (rtt(.) as $l | {
		rtt_us_p50: $l.idle.p50, rtt_us_p99: $l.idle.p99,
		rtt_loaded_us_p50: $l.loaded.p50, rtt_loaded_us_p99: $l.loaded.p99}))) as $rows

# Each turn of a driver has a turn of the kernel beside it.
| ([$rates | group_by([.contender, .driver])[] | {
	contender: .[0].contender, driver: .[0].driver, underlay_offload: .[0].underlay_offload,
	kpps: (map(.kpps) | median), sent_kpps: (map(.sent_kpps) | median),
	spread: (map(.kpps) | spread), samples: map(.kpps), cpu_us_per_packet:
	(map(if .kpps > 0 then .cpu.total * 1e6 / (.kpps * 1e3 * .seconds) else 0 end) | median)}]) as $pps

| {$driver, $rounds, window_s: $window,
   rows: ($rows | map(. as $r | . + {ratio_to_kernel: (.gbps / ($rows[] | select(.proto == $r.proto and
	.streams == $r.streams and .underlay_offload == $r.underlay_offload and
	.contender == "kernel") | .gbps))})
	| sort_by((.underlay_offload | not), .proto, .streams, .contender != "ovnet")),
   latency: ($late | sort_by((.underlay_offload | not), .contender != "ovnet")),
   rates: ($pps | map(. + {ratio_to_kernel: (.kpps / first($pps[] | select(.contender == "kernel")
	| .kpps))}))}
