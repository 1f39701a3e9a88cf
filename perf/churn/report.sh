# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What came of it, in figures and in words.

report() {
	stats -n --argjson found "$FOUND" --argjson before "$BEFORE" --argjson churned "$CHURNED" \
		--argjson after "$AFTER" --argjson events "$EVENTS_DONE" -f "$churn/report.jq" >"$LAB_DIR/figures"
	result_keep "$LAB_DIR/figures"
	jq -r '
def row($what): [$what, .sent, .lost, .windows, .stolen.windows, .stolen.lost, .latency_us.p50,
	.latency_us.p99, .latency_us.p999, .latency_us.max, .generator_share];
["", "sent", "lost", "windows", "stolen", "lost there", "p50, us", "p99", "p99.9", "max", "generator"],
(.before | row("undisturbed")), (.churned | row("churn")), (.after | row("undisturbed")) | @tsv
' "$LAB_DIR/result.json" | column -t -s $'\t'
	jq -r '"
\(.rate_mpps) million packets a second" + (if .found.rate_pps then ", 80 % of \(.found.rate_pps / 1e6): " +
	"more than that is too much for \(.found.limited_by)" else "" end) + "
meanwhile \(.events.leases) leases came and went, statistics were read \(.events.stats) times, \(.events.stats_per_s)/s, " +
"\(.events.ports) ports added and removed, taps switched \(.events.taps) times
p99.9 \(.p999_ratio) times the undisturbed one; stolen windows: the machine was away for more than 100 us",
	(.churned.losses[] | "lost: \(.)")' "$LAB_DIR/result.json"
}
