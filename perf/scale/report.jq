# SPDX-License-Identifier: BSD-3-Clause
# Turns as rows; in: all turns, $changes: leases that changed in each, $window: seconds of each.
include "stats";

# Of each round, all who took part together.
def rates(of): [group_by(.round)[] | map(of) | add];

. as $all
| [group_by([.path, .workers, .what])[]
	| . as $turns | .[0] as $first
	| ([$all[] | select(.path == $first.path and .workers == 1)]) as $one
	| ([$all[] | select(.what == $first.path + " apart")]) as $apart
	| {workers: $first.workers, what: $first.what,
	   mpps: (rates(.mpps) | median | rounded(3)),
	   ratio_to_one: (pair_ratio($turns | rates(.mpps); $one | rates(.mpps)) | rounded(3)),
	   cpu_mpps: (rates(.cpu_mpps) | median | rounded(3)),
	   cpu_ratio_to_one: (pair_ratio($turns | rates(.cpu_mpps); $one | rates(.cpu_mpps)) | rounded(3)),
	   cpu_ratio_to_apart: (if $first.workers == 2 and $first.what == $first.path
		then pair_ratio($turns | rates(.cpu_mpps); $apart | rates(.cpu_mpps)) | rounded(3) else null end),
	   changes_per_s: ($changes / $window | round),
	   control_percent: ($turns | map(.control) | median | rounded(2)),
	   spread: (rates(.mpps) | spread | rounded(3)), samples: (rates(.mpps) | map(rounded(3))),
	   cpu_samples: (rates(.cpu_mpps) | map(rounded(3)))}]
