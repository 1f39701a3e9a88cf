# SPDX-License-Identifier: BSD-3-Clause
# What came of it; in: $found, $before, $churned, $after: of trial.py, $events: how many of each.
include "stats";

# The latency that this share of all do not exceed; of pairs, each a latency and how many had it.
def below($share): sort_by(.[0]) | (map(.[1]) | add * $share) as $due
	| reduce .[] as [$us, $n] ({sum: 0, us: null};
		if .us == null then .sum += $n | (if .sum >= $due then .us = $us else . end) else . end)
	| .us;

($before.histogram + $after.histogram | below(0.999)) as $quiet
| {sent: $churned.sent, lost: $churned.lost, wrong: $churned.wrong,
   stolen_windows: $churned.stolen.windows, rate_mpps: $churned.rate_mpps, $events,
   p999_us: $churned.latency_us.p999, quiet_p999_us: $quiet,
   p999_ratio: ($churned.latency_us.p999 / $quiet | rounded(3)), found: $found,
   undisturbed: {sent: ($before.sent + $after.sent), lost: ($before.lost + $after.lost),
	stolen_windows: ($before.stolen.windows + $after.stolen.windows)},
   churned: ($churned | del(.histogram)), before: ($before | del(.histogram)), after: ($after | del(.histogram))}
