#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The uplink of a dual-stack node loses its IPv6 address and gets it back: a warning names it, no
# packet leaves without a source meanwhile, IPv4 goes on, and IPv6 comes back by itself.
export LAB_DUAL=1
. "$(dirname "$0")/lib.sh"

warns() { # warns REGEX
	ctl a status | jq -e --arg r "$1" '.warnings | any(test($r))'
}
healthy() {
	[ "$(ctl a status | jq -r .health)" = ok ]
}
lab_up
ovnet_host a
linux_host b
within 10 "IPv6 to b" size_passes a b 6 100

# The route stays, as one by hand does; nothing on the link is a source any more.
peer6=$(host_ip6 b)
capture_start a "ip6 and udp port 8472"
on a ip -6 addr del "$(host_ip6 a)/64" dev eth0
on a ip -6 route replace "$peer6/128" dev eth0
within 5 "a warning about the address" warns "no uplink has the address $(host_ip6 a)"
sleep 1 # the kernel tells of the route with some delay
! size_passes a b 6 100 || fail "IPv6 without an address"
capture_stop
equal "outer packets" "" "$(captured a ipv6.src)"
expect "IPv4 goes on" size_passes a b 4 100

on a ip -6 addr add "$(host_ip6 a)/64" dev eth0 nodad
within 5 "all is well again" healthy
within 10 "IPv6 again" size_passes a b 6 100

# Service addresses, as load balancers add them, push neither of ours out.
for i in $(seq 20); do
	on a ip addr add "192.0.2.$i/32" dev eth0
done
sleep 1
expect "no warning" healthy
expect "IPv6 beside many addresses" size_passes b a 6 100
