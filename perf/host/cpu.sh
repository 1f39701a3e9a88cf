# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Who used how much CPU. Processes by the scheduler's own nanoseconds, which include what softirqs took
# while they ran; the machine by /proc/stat, without niced processes, which are not ours.

# process_ns PID
process_ns() {
	cat "/proc/$1/task"/*/schedstat 2>/dev/null | awk '{ sum += $1 } END { printf "%.0f", sum }'
}

# cpu_sample CONTENDER: nanoseconds of ovnetd on both hosts and of the receiver; ticks of user, system
# and softirq (hard ones with them).
cpu_sample() {
	local a=0 b=0
	if [ "$1" = ovnet ]; then
		a=$(process_ns "$(ovnetd_pid ovnet-a)")
		b=$(process_ns "$(ovnetd_pid ovnet-b)")
	fi
	echo "$a $b $(process_ns "${SERVER[$1]}")" \
		"$(awk '/^cpu / { print $2, $4, $7 + $8 }' /proc/stat)"
}

# cpu_between BEFORE AFTER: seconds of each.
cpu_between() {
	awk -v a="$1" -v b="$2" -v hz="$(getconf CLK_TCK)" 'BEGIN {
		split(a, x); split(b, y)
		for (i = 1; i <= 6; i++)
			d[i] = y[i] - x[i]
		printf "{\"ovnetd_a\": %.3f, \"ovnetd_b\": %.3f, \"receiver\": %.3f, \"user\": %.3f, " \
			"\"system\": %.3f, \"softirq\": %.3f, \"total\": %.3f}", d[1] / 1e9, d[2] / 1e9,
			d[3] / 1e9, d[4] / hz, d[5] / hz, d[6] / hz, (d[4] + d[5] + d[6]) / hz
	}'
}
