#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A peer behind a router: the next hop is the gateway, and when the gateway's MAC address
# changes (another router took over) traffic goes on.
. "$(dirname "$0")/lib.sh"

via() {
	ctl a peers | json --arg s "$(subnet b)" '.[] | select(.subnet == $s) | .via + " " + .mac'
}
via_is() {
	[ "$(via)" = "$1" ]
}

lab_up
ns_add router
ns_forwards router
plug router
ip -n "$LAB-router" addr add 10.168.0.253/24 dev eth0
on router sysctl -qw net.ipv4.conf.eth0.arp_notify=1
host_add b linux
# b moves to a network of its own behind the router.
ip -n "$LAB-b" link del eth0
cable b eth0 router eth1
ip -n "$LAB-router" addr add 10.169.0.254/24 dev eth1
echo 10.169.0.2 >"$LAB_DIR/b/ip"
ip -n "$LAB-b" addr add 10.169.0.2/24 dev eth0
ip -n "$LAB-b" route add default via 10.169.0.254
linux_join b
pod_add b

host_add a ovnet
ip -n "$LAB-a" route add 10.169.0.0/24 via 10.168.0.253
ovnetd_start a
ovnetd_wait a
pod_add a
reach a b
mac=$(on router cat /sys/class/net/eth0/address)
within 5 "next hop is the gateway, not $(via)" via_is "10.168.0.253 $mac"

ip -n "$LAB-router" link set eth0 address 02:00:00:00:fe:01
within 10 "the gateway's new MAC is used" via_is "10.168.0.253 02:00:00:00:fe:01"
reach a b
all_arrive a b 62
