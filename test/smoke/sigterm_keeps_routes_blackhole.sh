#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# After SIGTERM the lease, the host device and the routes stay, and nothing of the overlay
# leaves the host unencapsulated: not while the device is there, not when it is deleted.
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a
linux_host b
reach a b
value=$(lease_value "$(subnet a)")
routes=$(on a ip route show dev ovnet0 | sed 's/ linkdown//; s/ *$//')
expect "a route to b's subnet" grep -q "^$(subnet b) via $(base b) .*onlink" <<<"$routes"

ovnetd_stop a
equal "the lease" "$value" "$(lease_value "$(subnet a)")"
equal "the routes" "$routes" "$(on a ip route show dev ovnet0 | sed 's/ linkdown//; s/ *$//')"

capture_start a "net 10.5.0.0/16"
expect "b is out of reach" unreachable a b
on a ip link del ovnet0
expect "the blackhole is there" grep -q 10.5.0.0/16 <<<"$(on a ip route show type blackhole)"
expect "b is out of reach without the device" unreachable a b
expect "an address without a lease too" eval "! in_pod a ping -c 1 -W 1 10.5.200.9 >/dev/null"
expect "a's way out works" in_pod a ping -c 1 -W 1 "$(host_ip a)" >/dev/null
capture_stop
equal "overlay packets on the wire, unencapsulated" 0 "$(captured_packets a)"

ovnetd_start a
ovnetd_wait a
reach a b
