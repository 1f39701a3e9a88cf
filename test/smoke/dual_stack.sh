#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A dual-stack cluster with the kernel's flannel.1 and flannel-v6.1 as peers: both IP versions both
# ways, the lease and subnet.env as flannel v0.20 writes them, IPv6 packets too large for the way
# answered with Packet Too Big (flannel's MTU leaves no room for an IPv6 underlay).
# runs: asan
export LAB_DUAL=1
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a
linux_host b
ovnet_host c

for peer in b c; do
	backend_both_ways a $peer 4 1450 62
	within 10 "IPv6 to $peer" size_passes a $peer 6 100
	equal "IPv6: answers to 5 pings from a, their TTL" "5 62" "$(ttl_seen a $peer 6)"
	equal "IPv6: answers to 5 pings from $peer, their TTL" "5 62" "$(ttl_seen $peer a 6)"
	expect "IPv6: TCP to $peer" tcp_copy6 a $peer
	expect "IPv6: TCP from $peer" tcp_copy6 $peer a
	expect "IPv6: UDP to $peer" udp_copy a $peer 6
	expect "IPv6: UDP from $peer" udp_copy $peer a 6
	equal "IPv6: path MTU from a to $peer" 1430 "$(path_mtu a $peer 6)"
done

equal "lease of a" "$(jq -nc --arg ip "$(host_ip a)" --arg ip6 "$(host_ip6 a)" '{PublicIP: $ip,
	PublicIPv6: $ip6, BackendType: "vxlan", BackendData: {VNI: 1, VtepMAC: "MAC"},
	BackendV6Data: {VNI: 1, VtepMAC: "MAC"}}')" "$(lease_listing |
	jq -r --arg k "$(base a)-24&" '.leases[] | select(.key | contains($k)) | .value' |
	sed -E 's/([0-9a-f]{2}:){5}[0-9a-f]{2}/MAC/g')"
equal "keys of subnet.env" "NETWORK SUBNET IPV6_NETWORK IPV6_SUBNET MTU IPMASQ" \
	"$(sed 's/^FLANNEL_//; s/=.*//' "$LAB_DIR/a/subnet.env" | paste -sd' ')"
equal "IPv6 address of the host device" "$(env_value a IPV6_SUBNET | sed 's/1\/64$/\/128/')" \
	"$(ip -n "$LAB-a" -6 -o addr show dev ovnet0 | awk '{ print $4 }')"
expect "a blackhole under the IPv6 routes" grep -q 'blackhole fd05::/48' \
	<(ip -n "$LAB-a" -6 route show proto 111)

# The same subnets after a restart, while the pods talk.
before=$(cat "$LAB_DIR/a/subnet.env")
ovnetd_kill9 a
ovnetd_start a
ovnetd_wait a
equal "subnets after kill -9" "$before" "$(cat "$LAB_DIR/a/subnet.env")"
within 10 "IPv6 after kill -9" size_passes b a 6 100
