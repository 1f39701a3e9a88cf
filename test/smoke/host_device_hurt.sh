#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The host device in other people's hands: down, without address, without routes, deleted. It is
# mended, and what cannot be says so; no worker spins meanwhile.
. "$(dirname "$0")/lib.sh"

warns() {
	ctl a status | jq -e '.warnings | any(test("ovnet0 is down"))'
}
ovnet_routes() {
	on a ip route show proto 111 | sed 's/ *linkdown//; s/ *$//' | sort
}
routes_are() {
	[ "$(ovnet_routes)" = "$1" ]
}
cpu_ticks() {
	awk '{ print $14 + $15 }' "/proc/$(ovnetd_pid a)/stat"
}
lab_up
ovnet_host a
linux_host b
reach a b
routes=$(ovnet_routes)
on a ip link set ovnet0 down
within 5 "a warning" warns
on a ip link set ovnet0 up
reach a b
on a ip addr del "$(base a)/32" dev ovnet0 # a flush would go on for as long as it comes back
reach a b
on a ip route flush proto 111
within 20 "the routes and the blackhole are back" routes_are "$routes"
on a ip link del ovnet0
within 5 "the device and its routes are back" routes_are "$routes"
reach a b
before=$(cpu_ticks)
sleep 2
used=$(($(cpu_ticks) - before))
expect "an idle worker afterwards, not $used of 200 ticks" [ "$used" -lt 40 ]
equal "address" "$(base a)/32" "$(on a ip -br -4 addr show dev ovnet0 | awk '{ print $3 }')"
all_arrive b a 62
