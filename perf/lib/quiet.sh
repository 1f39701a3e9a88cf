# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Is the machine ours? What others take of it spoils the figures; it is said, and written beside them.

# Ticks since start: all, idle, stolen by other machines, of niced processes.
machine_ticks() {
	awk '/^cpu / { print $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9, $5 + $6, $9, $3 }' /proc/stat
}

# share BEFORE AFTER: percent of all ticks that were not idle, stolen, niced.
share() {
	awk -v a="$1" -v b="$2" 'BEGIN {
		split(a, x); split(b, y)
		all = y[1] - x[1]
		if (all < 1) all = 1
		printf "{\"busy_percent\": %.1f, \"steal_percent\": %.1f, \"niced_percent\": %.1f}",
			100 * (1 - (y[2] - x[2]) / all), 100 * (y[3] - x[3]) / all,
			100 * (y[4] - x[4]) / all
	}'
}

quiet_begin() {
	local before
	NOISE_LOAD=$(cut -d' ' -f1 /proc/loadavg)
	before=$(machine_ticks)
	sleep 1
	NOISE_BEFORE=$(share "$before" "$(machine_ticks)")
	jq -e '.busy_percent < 10' >/dev/null <<<"$NOISE_BEFORE" ||
		say "$BENCH: WARNING: the machine is not quiet: $(jq .busy_percent <<<"$NOISE_BEFORE") % busy \
before anything was started, load $NOISE_LOAD; what runs beside this spoils the figures"
	NOISE_TICKS=$(machine_ticks)
}

# NOISE: all of it, as an object.
quiet_end() {
	local run
	run=$(share "$NOISE_TICKS" "$(machine_ticks)")
	NOISE=$(jq -nc --argjson load "$NOISE_LOAD" --argjson before "$NOISE_BEFORE" --argjson run "$run" \
		'{load_before: $load, $before, during: $run}')
	jq -e '.steal_percent < 1' >/dev/null <<<"$run" ||
		say "$BENCH: WARNING: $(jq .steal_percent <<<"$run") % of the time other machines had these CPUs"
	jq -e '.niced_percent < 2' >/dev/null <<<"$run" ||
		say "$BENCH: WARNING: niced processes had $(jq .niced_percent <<<"$run") % of the time"
}
