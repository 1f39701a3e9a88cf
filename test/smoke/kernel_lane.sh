#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The kernel lane: TCP, UDP and ping of host pods to ovnet and to the kernel's vxlan stay in the kernel,
# everything else goes by the workers; who may send, which neighbour it goes to, whose an address is
# and which peer there is are the daemon's to say in both. It outlives a kill, and leaves nothing.
# runs: asan
export LAB_DUAL=1 OVNET_LANE=auto
. "$(dirname "$0")/lib.sh"
for part in spoof port lane; do
	. "$OVNET_ROOT/test/smoke/lib/$part.sh"
done

lab_up
ovnet_host a
linux_host b
ovnet_host c
ovnet_host d --uplink=iface=eth0,driver=af_packet
for pair in "a b" "c b" "a c"; do
	read -r from to <<<"$pair"
	reach "$from" "$to"
	reach "$to" "$from"
done
within 5 "the lane of a is on: $(lane a why)" lane_is a on
within 5 "the lane of c is on: $(lane c why)" lane_is c on

for pair in "a b" "b a" "a c" "c a" "c b" "b c"; do
	read -r from to <<<"$pair"
	by_lane "$from" "$to" tcp_copy "$from" "$to" 8
	by_lane "$from" "$to" all_arrive "$from" "$to" 62
done
expect "peers' counters have the lane's" [ "$(peer_packets a b tx)" -gt 2000 ]

# Of what comes by AF_PACKET the workers have copies, so the lane leaves it to them.
equal "the ways of d's lane" "true false" "$(lane d '"\(.out) \(.in)"')"
reach d a
tx=$(lane d tx_packets)
watch_device d-pod eth0
in_pod d nft add rule netdev watch in icmp type echo-request counter name seen
for peer in a b; do
	reach $peer d
	in_pod d nft reset counter netdev watch seen >/dev/null
	expect "$peer reaches d" in_pod $peer ping -n -q -c 20 -i 0.02 -W 1 "$(pod_ip d)" >/dev/null
	within 5 "d's pod has each of $peer's pings" came_in_is d-pod 20
	expect "TCP from $peer to d" tcp_copy $peer d 4
done
equal "what came by the lane of d" 0 "$(lane d rx_packets)"
expect "what d sends goes by its lane" [ "$(lane d tx_packets)" -gt $((tx + 40)) ]
unwatch d-pod

for peer in b c; do
	by_both a udp_copy a $peer 4
	by_both a udp_copy $peer a 4
	by_workers a $peer tcp_copy6 a $peer
	by_workers a $peer size_passes a $peer 4 4000 -M dont
	by_workers a $peer size_passes $peer a 4 4000 -M dont
done

# The kernel merges what comes with checksums, as b's do, for sockets that ask for it: not for long.
on a ethtool -K eth0 gro on
unmerged() {
	tcp_copy b a 4 && [ "$(lane a udp_gro)" = false ]
}
equal "UDP GRO of a's sockets" true "$(lane a udp_gro)"
within 10 "a's sockets do without UDP GRO" unmerged
merged=$(lane a merged)
expect "some was merged" [ "$merged" -gt 0 ]
by_lane b a tcp_copy b a 8
equal "merged since" 0 $(($(lane a merged) - merged))
on a ethtool -K eth0 gro off

# b lies: it says it is c. And it speaks to the lane's own port, where nobody has anything to say.
SPOOF_TUNNEL=vxlan SPOOF_ETH=$(eth0_mac a)
SPOOF_GOOD=(--echo --outer-src "$(host_ip b)" --outer-dst "$(host_ip a)" --inner-src "$(pod_ip b)"
	--inner-dst "$(pod_ip a)" --inner-mac "$(ctl a status | json .node.vtep_mac)" --count 7)
watch_device a-pod eth0
in_pod a nft add rule netdev watch in icmp type echo-request counter name seen
spoof_from b
within 5 "what is no lie comes in" came_in_is a-pod 7
before=$(drops a inner-source)
spoof_from b --inner-src "$(pod_ip c)"
within 5 "a lie is refused as without a lane" dropped a inner-source $((before + 7))
bad=$(lane a bad)
spoof_from b --outer-port "$(lane a udp_port)"
spoof_from b --outer-port "$(lane a udp_port)" --inner-src "$(pod_ip c)"
within 5 "what is sent to the lane's own port is dropped" lane_counts a bad $((bad + 14))
equal "echo requests a's pod saw" 7 "$(came_in a-pod)"
unwatch a-pod

# b becomes another on the link.
ip -n "$LAB-b" link set eth0 address 02:00:00:00:fe:0b
on b ip neigh flush dev eth0
reach b a
within 10 "b's new MAC address is known" mac_of_peer_is a b 02:00:00:00:fe:0b
by_lane a b tcp_copy a b 8

# An address of our subnet that is at an attach port is not the host's.
port add t0 driver=tap "addresses=$(at 200)" >/dev/null
within 5 "port t0 is there" on a ip link show t0
ns_add t
ip -n "$LAB-a" link set t0 netns "$LAB-t" name eth0
ip -n "$LAB-t" -batch - <<-END
	addr add $(at 200)/32 dev eth0
	link set eth0 up
	route add default via $(at 1) dev eth0 onlink
END
within 5 "the guest answers" in_pod b ping -n -q -c 1 -W 1 "$(at 200)" >/dev/null
rx=$(lane a rx_packets)
expect "the guest answers b" in_pod b ping -n -q -c 20 -i 0.02 -W 1 "$(at 200)" >/dev/null
equal "packets the lane took from the guest" 0 $(($(lane a rx_packets) - rx))
port del t0 >/dev/null

# Who is no peer any more is none for the lane.
own=$(subnet b)
lease_delete "${own%/*}/24&$(pod_ip6 b | sed 's/::2$/::-64/')"
within 5 "b is no peer of a's" no_peer a "$own"
refused=$(drops a unknown-peer)
in_pod b timeout 3 nc -N "$(pod_ip a)" 22 </dev/null || true
expect "what it sends is refused" [ "$(drops a unknown-peer)" -gt "$refused" ]
expect "what is for it goes nowhere" grep -q blackhole \
	<(ip -n "$LAB-a" route show table all match "$(pod_ip b)/32" proto 111)
unreachable a b

# Killed, it goes on with what it knew; the next one takes its place.
reach a c
ovnetd_kill9 a
expect "TCP to c while nobody serves a" tcp_copy a c 4
expect "TCP from c while nobody serves a" tcp_copy c a 4
ovnetd_start a
ovnetd_wait a
reach a c
within 5 "the lane of a is on again" lane_is a on
by_lane a c tcp_copy a c 8
by_lane a c tcp_copy c a 8

# A rule of the host's that nobody told of the lane's port, while packets come: the workers have them.
on a nft -f - <<-END
	table inet closed {
		chain in {
			type filter hook input priority 0
			udp dport $(lane a udp_port) counter drop
		}
	}
END
told() {
	ping_once c a >/dev/null || true
	warned "$1"
}
within 15 "status tells of it" told "packets of $(host_ip c) that come by eth0.*UDP port $(lane a udp_port),.*INPUT"
rx=$(lane a rx_packets)
expect "pings of a go on" in_pod c ping -n -q -c 10 -i 0.02 -W 1 "$(pod_ip a)" >/dev/null
expect "TCP to a goes on" tcp_copy c a 4
expect "TCP from a goes on" tcp_copy a c 4
equal "packets that came by the lane" "$rx" "$(lane a rx_packets)"
on a nft delete table inet closed

ovnetd_stop a
equal "left of the lane by a stop" "" "$(lane_left a)"
ovnetd_kill9 c
expect "left of the lane by a kill" [ -n "$(lane_left c)" ]
mapfile -t flags < <(ovnetd_flags c)
expect "the cleanup removes it" grep -q ovnet-lane <(on c "$OVNETD" "${flags[@]}" --cleanup)
equal "left of the lane by a cleanup" "" "$(lane_left c)"
