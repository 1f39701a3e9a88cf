# SPDX-License-Identifier: BSD-3-Clause
# The figures of perf/run.sh pvp, of all turns in the order they were taken. A contender that ran with
# several settings (ovs-emc, ovs-smc) is one row: the best of them, and all of them in it.
include "stats";

def same: [.port, .size, .peers];
def kind: .contender | split("-")[0];
# Of the turns of one contender, beside ovnet's.
def figures($ovnet): {
	mpps: (map(.mpps) | median), cycles_per_packet: (map(.cycles) | median),
	busy_cycles: (map(.busy_cycles) | median),
	ratio_to_ovnet: pair_ratio(map(.mpps); $ovnet | map(.mpps)),
	busy_ovnet_to_this: pair_ratio($ovnet | map(.busy_cycles); map(.busy_cycles)),
	spread: (map(.busy_cycles) | spread), lost: (map(.lost) | median | [., 0] | max),
	busy: (map(.busy) | median),
	samples: map({mpps, cycles, busy_cycles, lost, busy})};

(to_entries | map({key: (.value | same | tostring), value: .key}) | reverse | from_entries) as $order

| def case: # the rows of one case, of its turns
	map(select(.contender == "ovnet")) as $ovnet
	| group_by(kind)[]
	| {path: "pvp", port: .[0].port, direction: "both", size: .[0].size, peers: .[0].peers,
	   sink: "null", contender: (.[0] | kind)}
		+ ([group_by(.contender)[] | {key: .[0].contender, value: figures($ovnet)}] as $ids
		| ($ids | min_by(.value.busy_cycles)) as $best
		| $best.value + if $best.key | contains("-") then {
			setting: ($best.key | split("-")[1]),
			settings: ($ids | map(.key |= split("-")[1]) | from_entries)} else {} end);

{$rounds, window_s: $window,
 rows: ([group_by(same)[] | case] | sort_by($order[same | tostring], .contender))}
