#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What is plugged in by an attach port of a node without a host device, static registry and a DPDK
# uplink: contents arrive both ways between it and a pod behind the kernel's vxlan.
# runs: asan
. "$(dirname "$0")/lib.sh"

mac_of() {
	on "$1" cat /sys/class/net/eth0/address
}

# guest_add: a namespace behind a veth whose end in host a is g0; no kernel of ours between.
guest_add() {
	ns_add a-pod
	cable a g0 a-pod eth0
	on a-pod ethtool -K eth0 tso off gso off >/dev/null
	ip -n "$LAB-a-pod" link set dev eth0 mtu 1450
	ip -n "$LAB-a-pod" addr add 10.5.201.2/24 dev eth0
}

lab_up
linux_host b
host_add a ovnet
guest_add
random_mac >"$LAB_DIR/a/mac"
lease_create 10.5.201.0/24 "$(linux_value a)"
jq -n --arg a "$(linux_value a)" --arg b "$(linux_value b)" --arg kb "$(subnet b | tr / -)" \
	--arg mac "$(mac_of b)" '{config: {Network: "10.5.0.0/16", Backend: {Type: "vxlan"}},
		leases: {"10.5.201.0-24": ($a | fromjson), ($kb): ($b | fromjson + {NextHopMAC: $mac})}}' \
	>"$LAB_DIR/a/leases.json"
guest=$(on a-pod cat /sys/class/net/eth0/address)
cat >"$LAB_DIR/a/ovnet.conf" <<-END
	uplinks = ( { devargs = "net_af_packet0,iface=eth0"; address = "$(host_ip a)/24"; } );
	ports = ( { name = "guest"; devargs = "net_pcap0,rx_iface_in=g0,tx_iface=g0";
	            addresses = "10.5.201.2,10.5.201.64/26"; mac = "$guest"; queues = 1; } );
END
ovnetd_start a --config "$LAB_DIR/a/ovnet.conf" --registry-type=static \
	"--registry-file=$LAB_DIR/a/leases.json" --host-device= --dpdk-mbufs=0
ovnetd_wait a

port() {
	ctl a ports | json ".[] | select(.name == \"guest\") | $1"
}
equal "role of the port" attach "$(port .role)"
equal "its addresses" "10.5.201.2/32 10.5.201.64/26" "$(port '.addresses | join(" ")')"
equal "MAC of what lives there" "$guest" "$(port .far_mac)"
equal "its MTU is the overlay's" 1450 "$(port .mtu)"
equal "host device" "" "$(ctl a status | json .node.host_device)"
equal "packet buffers" 16384 "$(ctl a status | json .dpdk.mbufs)"
equal "warnings" 0 "$(ctl a status | json '.warnings | map(select(test("attach"))) | length')"

ip -n "$LAB-a-pod" neigh add 10.5.201.1 lladdr "$(port .mac)" dev eth0
ip -n "$LAB-a-pod" route add default via 10.5.201.1
reach a b
reach b a
expect "4 MB from the guest arrive unchanged" tcp_copy a b
expect "4 MB to the guest arrive unchanged" tcp_copy b a
equal "devices of ours in the kernel" "eth0 g0 lo" \
	"$(on a ls /sys/class/net | sort | paste -sd ' ')"
equal "routes of ours in the kernel" "" "$(ip -n "$LAB-a" route show proto 111)"
equal "rules of ours in the kernel" "" "$(on a iptables -S | grep OVNET || true)"
ovnetd_stop a
