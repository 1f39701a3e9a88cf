#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A daemon with nothing to do costs next to nothing: its workers sleep in epoll, and a packet
# wakes them, before other processes have had their time.
. "$(dirname "$0")/lib.sh"

ticks() {
	awk '{ print $14 + $15 }' "/proc/$(ovnetd_pid a)/stat"
}
worker_nice() {
	ps -L -o ni=,comm= -p "$(ovnetd_pid a)" | awk '$2 ~ /^rte-worker/ { print $1 }'
}
asleep() {
	[ "$(ctl a workers | json '.[0].wait')" = epoll ]
}

lab_up
ovnet_host a
linux_host b
reach a b
within 10 "the worker waits in epoll" asleep
equal "nice value of the worker" "$(nice -n -10 nice 2>/dev/null)" "$(worker_nice)"
sleep 1
before=$(ticks)
sleep 3
used=$(($(ticks) - before))
hz=$(getconf CLK_TCK)
say "idle for 3 s: $used of $((3 * hz)) ticks"
expect "less than 5 % of a core" [ $((used * 100)) -lt $((3 * hz * 5)) ]
all_arrive b a 62

# A host device deleted under it leaves an fd that polls as broken for ever.
ip -n "$LAB-a" link del ovnet0
sleep 0.5
before=$(ticks)
sleep 2
used=$(($(ticks) - before))
say "without its host device for 2 s: $used of $((2 * hz)) ticks"
expect "less than 5 % of a core" [ $((used * 100)) -lt $((2 * hz * 5)) ]
