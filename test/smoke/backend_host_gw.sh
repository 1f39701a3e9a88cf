#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# host-gw between ovnet and plain kernel routes as flanneld sets them: both ways with the whole MTU
# of the underlay and no UDP at all; a peer behind a router is reported and left out until it is on
# the link; a public IP that is not the interface's is refused.
# runs: asan
export LAB_BACKEND=host-gw
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a
linux_host b
ovnet_host c

backend_both_ways a b 4 1500 62
backend_both_ways a c 4 1500 62
equal "type in the lease of a" host-gw "$(lease_value "$(subnet a)" | json .BackendType)"
equal "FLANNEL_MTU" 1500 "$(env_value a MTU)"
expect "no UDP port is held" [ -z "$(on a ss -Huln 'sport = :8472 or sport = :8285')" ]
capture_start a "host $(pod_ip b)"
expect "ping" ping_once a b
capture_stop
equal "what is on the wire" "icmp" "$(captured a frame.protocols | sed 's/.*ip://; s/:data.*//' | sort -u)"

state() {
	ctl a peers | json --arg s "$1" '.[] | select(.subnet == $s) | .state'
}
off_link() {
	[ "$(state 10.5.200.0/24)" = "$1" ]
}
lease_create 10.5.200.0/24 '{"PublicIP":"10.99.0.1","PublicIPv6":null,"BackendType":"host-gw"}'
within 5 "a peer behind the router is off-link" off_link off-link
expect "it is told" sh -c "'$OVNETCTL' --socket '$LAB_DIR/a/ctl.sock' status | grep -q 'behind a router'"
in_pod a ping -n -c 2 -i 0.2 -W 1 10.5.200.2 >/dev/null && fail "an answer from nowhere"
within 5 "its packets are counted" dropped a no-uplink 2
ip -n "$LAB-a" route add 10.99.0.0/24 dev eth0
within 5 "on the link it is used" off_link neighbour-pending
lease_delete 10.5.200.0/24
expect "the others never noticed" ping_once a b

host_add d ovnet
ovnetd_refuses d 'is not an address of uplink' --public-ip=192.0.2.1
