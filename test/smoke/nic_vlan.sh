#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A NIC of ovnetd's own on a trunk: the underlay, jumbo frames, is one of its VLANs, in which everybody
# else is by a switch that takes the tags off: etcd and a kernel vxlan device as peer. The host is
# reached by the twin; frames of another VLAN, and of none, are dropped and counted.
# runs: asan
LAB_MTU=9000
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/nic.sh"

VLAN=100 OTHER=200
# DPDK's AF_PACKET driver takes no jumbo frames.
NIC_DEVARGS='net_pcap0,iface=eth0'

# trunk VID PORT: what is sent to the fabric's interface PORT passes a's cable with that tag.
trunk() {
	cable fabric "$2" fabric "$2s"
	on fabric sysctl -qw "net.ipv6.conf.$2s.disable_ipv6=1"
	spawn "$LAB_DIR/trunk$1.log" ip netns exec "$LAB-fabric" "$OVNET_ROOT/test/smoke/lib/trunk.py" a "$2s" "$1"
}

pings() { # pings FROM ADDRESS [OPTION...]: by the hosts themselves
	on "$1" ping -n -q -c 5 -i 0.02 -W 1 "${@:3}" "$2" | grep -q ' 5 received'
}

# stray DEVICE: pings to a by a device of the fabric's whose frames come with a wrong tag, or none:
# no answer, and all are counted.
stray() {
	local before to
	before=$(drops a other-vlan)
	to=$(on a cat "/sys/class/net/$TWIN/address")
	ip -n "$LAB-fabric" addr add 192.0.2.2/24 dev "$1"
	ip -n "$LAB-fabric" neigh replace 192.0.2.1 lladdr "$to" dev "$1"
	! pings fabric 192.0.2.1 >/dev/null 2>&1 || fail "an answer to what came by $1"
	ip -n "$LAB-fabric" addr del 192.0.2.2/24 dev "$1"
	within 5 "frames of $1 are counted" dropped a other-vlan $((before + 5))
}

lab_up
linux_host b
host_add a ovnet
ip -n "$LAB-fabric" link set dev a nomaster
on fabric sysctl -qw net.ipv6.conf.a.disable_ipv6=1
trunk $VLAN in
ip -n "$LAB-fabric" link set dev in master fab0
trunk $OTHER other

nic_alone a
nic_config a "vlan = $VLAN; mtu = $LAB_MTU;"
ovnetd_start a --config "$LAB_DIR/a/ovnet.conf"
within 10 "the twin is there" twin_of a
twin_addresses a
on a ip addr add 192.0.2.1/24 dev "$TWIN"
ovnetd_wait a
pod_add a
equal "VLAN of the uplink" $VLAN "$(ctl a ports | json '.[] | select(.role == "uplink").vlan')"
equal "MTU of the twin" 9000 "$(on a cat "/sys/class/net/$TWIN/mtu")"
equal "FLANNEL_MTU" 8950 "$(env_value a MTU)"

# The host's own, to the last byte.
for size in 56 8972; do
	within 5 "$size bytes from a" pings a "$(host_ip b)" -s $size -M "do"
	within 5 "$size bytes to a" pings b "$(host_ip a)" -s $size -M "do"
done
# The overlay's.
for pair in "a b" "b a"; do
	read -r from to <<<"$pair"
	reach "$from" "$to"
	all_arrive "$from" "$to" 62
	expect "8950 bytes from $from to $to" size_passes "$from" "$to" 4 8950 -M "do"
	expect "TCP from $from to $to" tcp_copy "$from" "$to" 4
done

stray other
stray a
expect "the host answers still" pings b "$(host_ip a)"
all_arrive b a 62
