#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A router between kernel peer and ovnet has a smaller MTU and cuts the peer's packets (DF is clear):
# they arrive, with the mark of congestion the router put on them, on every kind of uplink.
# runs: asan
. "$(dirname "$0")/lib.sh"

mac_of() {
	on "$1" cat /sys/class/net/eth0/address
}
# router_between HOST: what b sends there is cut to 1,400 bytes.
router_between() {
	on b ip route add "$(host_ip "$1")/32" via "$LAB_GATEWAY"
	on fabric ip route add "$(host_ip "$1")/32" dev fab0 mtu lock 1400
}
# arrives HOST: packets in fragments only, and not one of them lost.
arrives() {
	reach b "$1"
	capture_start "$1" "dst host $(host_ip "$1") and ip[6:2] & 0x3fff != 0"
	equal "answers to large pings from b to $1" 20 \
		"$(ping_figures 20 0.02 in_pod b ping -s 1400 "$(pod_ip "$1")" | cut -d' ' -f1)"
	expect "8 MB from b to $1 arrive unchanged" tcp_copy b "$1" 8
	capture_stop
	expect "the way is one of fragments" [ "$(captured_packets "$1")" -gt 1000 ]
}
# is_marked HOST: pings that say they are ECN capable arrive with the router's mark.
is_marked() {
	: >"$LAB_DIR/$1/marked"
	spawn "$LAB_DIR/$1/marked" ip netns exec "$LAB-$1-pod" tcpdump -i eth0 -n -v -l \
		"icmp[0] == 8 and ip[1] & 3 == 3"
	within 5 "tcpdump listens" grep -q 'listening on' "$LAB_DIR/$1/marked"
	in_pod b ping -n -c 3 -i 0.1 -W 1 -Q 2 -s 1400 "$(pod_ip "$1")" >/dev/null
	within 5 "marked pings in the pod of $1" marks "$1" 3
	kill "$SPAWNED"
}
marks() {
	[ "$(grep -c 'tos 0x3,CE' "$LAB_DIR/$1/marked")" = "$2" ]
}

lab_up
on fabric sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 \
	net.ipv4.conf.fab0.send_redirects=0
on fabric nft -f - <<-END
	add table ip router
	add chain ip router forward { type filter hook forward priority mangle; }
	add rule ip router forward ip ecn { ect0, ect1 } ip ecn set ce
END
linux_host b
ovnet_host a
ovnet_host c --uplink=iface=eth0,driver=af_packet --dpdk-workers=2
host_add d ovnet
cat >"$LAB_DIR/d/ovnet.conf" <<-END
	uplinks = ( { devargs = "net_af_packet0,iface=eth0"; address = "$(host_ip d)/24";
	              neighbours = ( { ip = "$(host_ip b)"; mac = "$(mac_of b)"; } ); } );
END
ovnetd_start d --config "$LAB_DIR/d/ovnet.conf"
ovnetd_wait d
pod_add d
for host in a c d; do
	router_between $host
	arrives $host
	is_marked $host
	equal "fragments $host lost" 0 "$(($(drops $host fragment) + $(drops $host fragment-full) + \
		$(drops $host fragment-timeout)))"
done
