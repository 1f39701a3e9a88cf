#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# vxlan with DirectRouting: peers on the link get plain routed packets, and the one behind a router
# VXLAN; a peer whose way changes goes from one to the other and back without loss.
# runs: asan
export LAB_DIRECT=1
export LAB_DRIVER=af_xdp # with which routed packets come to ovnet
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a --ingress-routed=asymmetric
linux_host b
ovnet_host c

encap() {
	ctl a peers | json --arg s "$(subnet "$1")" '.[] | select(.subnet == $s) | .encap'
}
encap_is() {
	[ "$(encap "$1")" = "$2" ]
}

# The MTU stays that of VXLAN, as flannel's.
backend_both_ways a b 4 1450 62
backend_both_ways a c 4 1450 62
equal "way to b" direct "$(encap b)"
capture_start a "host $(host_ip a) or host $(pod_ip a)"
expect "ping" ping_once a b
capture_stop
equal "VXLAN packets to b" 0 "$(captured a udp.dstport | grep -c 8472 || true)"

# A router in between on the way there: VXLAN, and c, which has a on its link, answers without.
in_pod a ping -n -c 400 -i 0.01 -W 1 "$(pod_ip c)" >"$LAB_DIR/change.log" &
PING=$!
ip -n "$LAB-fabric" addr add 10.168.0.253/24 dev fab0
on fabric sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.fab0.send_redirects=0
ip -n "$LAB-a" route add "$(host_ip c)/32" via 10.168.0.253
within 5 "behind a router it is VXLAN" encap_is c vxlan4
sleep 0.5
ip -n "$LAB-a" route del "$(host_ip c)/32" via 10.168.0.253
within 5 "on the link it is routed" encap_is c direct
wait $PING || true
equal "pings answered while the way changed" 400 \
	"$(awk '/ received/ { print $4 }' "$LAB_DIR/change.log")"

# Who is behind a router sends no bare packets, unless that is asked for.
ovnetd_stop a
ip -n "$LAB-a" route add "$(host_ip c)/32" via 10.168.0.253
ovnetd_start a
ovnetd_wait a
within 5 "behind a router it is VXLAN" encap_is c vxlan4
! ping_once a c || fail "a bare packet of a peer behind a router passed"
expect "it is counted" [ "$(drops a routed-mac)" -gt 0 ]
ip -n "$LAB-c" route add "$(host_ip a)/32" via 10.168.0.253
within 5 "by the router both ways" ping_once a c
