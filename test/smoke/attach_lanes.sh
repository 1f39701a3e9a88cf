#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two containers, each with nothing but the TAP of an attach port: they reach each other, the node
# and its pod, a pod behind the kernel's vxlan and the world, one hop taken off where ovnet routes.
# Who lies is dropped and counted, whatever ingress.validation says; a TAP made anew works again,
# and the others do not notice.
# runs: asan
export LAB_DUAL=1
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/spoof.sh"
. "$OVNET_ROOT/test/smoke/lib/lies.sh"
. "$OVNET_ROOT/test/smoke/lib/attach.sh"

# crosses FROM TO TTL: ping by both IP versions, the TTL its answers have left.
crosses() {
	local v
	for v in 4 6; do
		within 5 "IPv$v from $1 to $2" size_passes "$1" "$2" $v 100
		equal "IPv$v from $1 to $2: answers to 5 pings, their TTL" "5 $3" "$(ttl_seen "$1" "$2" $v)"
	done
}

# answers FROM ADDRESS TTL: something without a pod of its own.
answers() {
	local got ttl
	within 5 "$2 answers $1" in_pod "$1" ping -n -c 1 -W 1 "$2"
	read -r got ttl _ < <(ping_figures 5 0.05 in_pod "$1" ping "$2")
	equal "$2 to $1: answers to 5 pings, their TTL" "5 $3" "$got $ttl"
}

copies() {
	expect "TCP from $1 to $2 unchanged" tcp_copy "$1" "$2" 2
	expect "TCP from $2 to $1 unchanged" tcp_copy "$2" "$1" 2
	expect "TCP over IPv6 from $1 to $2 unchanged" tcp_copy6 "$1" "$2"
}

lies() {
	local to
	for to in "$(pod_ip y)" "$(pod_ip b)" "$(host_ip a)" "$(host_ip o)" $GUEST_NET.1; do
		lie foreign-source --inner-src "$(pod_ip y)" --inner-dst "$to"
		lie foreign-source --inner-src 192.0.2.7 --inner-dst "$to"
		lie source-mac --eth-src "$(guest_mac y)" --inner-dst "$to"
		lie broadcast --eth-dst ff:ff:ff:ff:ff:ff --inner-dst "$to"
	done
	lie foreign-source --inner-src "$(pod_ip b)" --inner-dst "$(pod_ip y)"
	lie foreign-source --inner-src "$(host_ip a)" --inner-dst "$(pod_ip b)"
	lie foreign-source --inner-src "$(pod_ip6 y)" --inner-dst "$(pod_ip6 b)"
	lie source-mac --eth-src "$(guest_mac y)" --inner-src "$(pod_ip6 x)" --inner-dst "$(pod_ip6 y)"
	lie martian --inner-src 127.0.0.1 --inner-dst "$(pod_ip y)"
	lie martian-dest --inner-dst 127.0.0.1
	for to in 224.0.0.5 255.255.255.255 $GUEST_NET.255; do
		lie broadcast --inner-dst "$to"
	done
	lie broadcast --inner-src "$(pod_ip6 x)" --inner-dst ff02::5
	for to in "$(pod_ip y)" "$(pod_ip b)" "$(host_ip o)" 255.255.255.255; do
		lie dhcp-server --sport 67 --dport 68 --inner-dst "$to"
		lie dhcp-server --sport 1067 --dport 68 --inner-dst "$to"
	done
	for to in "$(pod_ip6 y)" "$(pod_ip6 b)" ff02::1; do
		lie dhcp-server --sport 547 --dport 546 --inner-src "$(pod_ip6 x)" --inner-dst "$to"
		lie dhcp-server --sport 1547 --dport 546 --inner-src "$(pod_ip6 x)" --inner-dst "$to"
		lie router-advertisement --router --inner-src fe80::1 --inner-dst "$to"
	done
	lie router-advertisement --router --inner-src "$(pod_ip6 x)" --inner-dst ff02::1 \
		--eth-dst 33:33:00:00:00:01
	lie foreign-source --neighbour --inner-src "$(pod_ip y)" --inner-dst $GUEST_NET.1
	lie foreign-source --neighbour --inner-src $GUEST_NET.1 --inner-dst "$(pod_ip y)"
	lie source-mac --neighbour --inner-mac "$(guest_mac y)" --inner-dst $GUEST_NET.1
	lie foreign-source --neighbour --inner-src "$(pod_ip6 y)" --inner-dst "$(pod_ip6 x)"
	lie source-mac --neighbour --inner-mac "$(guest_mac y)" --inner-src "$(pod_ip6 x)" \
		--inner-dst "$(pod_ip6 y)"
}

lab_up
host_add o outside
linux_host b
host_add a ovnet
quiet a
world_watch
guests_start
pod_add a
guests_plug

crosses x y 63
crosses y x 63
for guest in x y; do
	crosses $guest b 62
	crosses b $guest 62
	crosses $guest a 62
	crosses a $guest 62
	answers $guest "$(host_ip a)" 63
	answers $guest $GUEST_NET.0 63
	answers $guest $GUEST_NET.1 64
	answers $guest $GUEST_NET6:1 64
	answers $guest "$(host_ip o)" 62
done
copies x y
copies y b
expect "the node reaches a container" on a ping -q -c 1 -W 1 "$(pod_ip x)"
expect "the world saw the node's address" [ "$(world_saw)" -ge 10 ]
expect "packets larger than the MTU go in fragments" size_passes x b 4 4000 -M dont >/dev/null
equal "path MTU from x to b" 1450 "$(path_mtu x b 4)"
lies
lies_refused

honest_start y b
ip -n "$LAB-x-pod" link del eth0
within 5 "the TAP of x is made anew" on a ip link show x
guest_plug x
crosses x y 63
crosses x b 62
honest_end

ovnetd_stop a
guests_start --ingress-validation=off
guests_plug
crosses x y 63
crosses x b 62
lies_refused
ovnetd_stop a
