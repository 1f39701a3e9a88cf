# SPDX-License-Identifier: BSD-3-Clause
# The figures of perf/run.sh core, of all turns in the order they were taken. A contender that ran with
# several settings (ovs-emc, ovs-smc) is one row: the best of them, and all of them in it.
include "stats";

def same: [.path, .size, .peers, .sink];
def kind: .contender | split("-")[0];
def figures: {mpps: (map(.mpps) | median), cycles_per_packet: (map(.cycles) | median),
	spread: (map(.mpps) | spread), lost: (map(.lost) | median | [., 0] | max), samples: map(.mpps)};

(to_entries | map({key: (.value | same | tostring), value: .key}) | reverse | from_entries) as $order

| def case: # the rows of one case, of its turns
	(map(select(.contender == "ovnet") | .mpps)) as $ovnet
	| [group_by(kind)[] | (.[0] | {path, size, peers, sink, contender: kind})
		+ ([group_by(.contender)[] | {key: .[0].contender, value: (figures
			| . + {ratio_to_ovnet: pair_ratio(.samples; $ovnet)})}] as $ids
		| ($ids | max_by(.value.mpps)) as $best
		| $best.value + if $best.key | contains("-") then {
			setting: ($best.key | split("-")[1]),
			settings: ($ids | map(.key |= split("-")[1]) | from_entries)} else {} end)]
	| . as $rows | map(if .contender == "ovnet" then . + ([$rows[] | select(.contender != "ovnet")
		| {key: "ratio_to_\(.contender)", value: pair_ratio($ovnet; .samples)}] | from_entries)
		else . end);

{$rounds, window_s: $window,
 rows: ([group_by(same)[] | case[]] | sort_by($order[same | tostring], .contender))}
