#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# etcd refuses connections, then its address is silent: next to no CPU either way, tries further
# and further apart, and status tells for how long and when the next one is.
. "$(dirname "$0")/lib.sh"

cpu_ticks() {
	awk '{ print $14 + $15 }' "/proc/$(ovnetd_pid a)/stat"
}
tries() {
	ctl a status | json .etcd.retries
}
# calm WHY: at most 2 % of a CPU and a few tries in 10 seconds.
calm() {
	local ticks first
	sleep 3
	ticks=$(cpu_ticks) first=$(tries)
	sleep 10
	ticks=$(($(cpu_ticks) - ticks))
	say "$1: $ticks x 10 ms of CPU, $(($(tries) - first)) tries in 10 s"
	[ -n "${OVNET_SLOW:-}" ] || expect "at most 2 % of a CPU ($1)" [ "$ticks" -le 20 ]
	expect "few tries ($1)" [ $(($(tries) - first)) -le 8 ]
	expect "status says so" eval 'ctl a status |
		jq -e ".etcd | (.connected | not) and .away_s > 3 and .retry_in_ms <= 8000"'
}

lab_up
ovnet_host a
etcd_stop
calm "connections refused"
ip -n "$LAB-etcd" link set eth0 down
calm "no answer"
ip -n "$LAB-etcd" link set eth0 up
etcd_start
within 15 "connected" eval 'ctl a status | jq -e .etcd.connected'
equal "away" 0 "$(ctl a status | jq .etcd.away_s)"
