# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Namespaces: the fabric, hosts on it, a pod on each host.
#
#   pod eth0 -- cni0 [host] eth0 -- fab0 [fabric] -- eth0 [host] cni0 -- eth0 pod
#
# The veth pairs between hosts and fabric stand in for real NICs and cables: their transmit
# checksum offload is off at both ends (ethtool -K tx off). Otherwise the kernel would put
# packets with unfinished checksums on the "wire", where nothing ever finishes them and where
# XDP and AF_PACKET, unlike a real NIC, would see them. Pods' own veths keep their offloads:
# the host's kernel finishes checksums before a packet leaves through the host device.

LAB_MTU=${LAB_MTU:-1500}
LAB_GATEWAY=10.168.0.254 # the fabric itself: nothing behind it, but a default route to lose to

# on HOST COMMAND...: in the host's namespace. in_pod HOST COMMAND...: in its pod's.
on() {
	ip netns exec "$LAB-$1" "${@:2}"
}

in_pod() {
	ip netns exec "$LAB-$1-pod" "${@:2}"
}

ns_add() {
	ip netns add "$LAB-$1"
	ip -n "$LAB-$1" link set lo up
}

# As on a node of a cluster.
ns_forwards() {
	on "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=2 \
		net.ipv4.conf.default.rp_filter=2
	! dual_stack || on "$1" sysctl -qw net.ipv6.conf.all.forwarding=1
}

fabric_up() {
	ns_add fabric
	ip -n "$LAB-fabric" link add fab0 mtu "$LAB_MTU" type bridge forward_delay 0 mcast_snooping 0
	ip -n "$LAB-fabric" addr add $LAB_GATEWAY/24 dev fab0
	ip -n "$LAB-fabric" link set fab0 up
	# A wire carries broken headers; where br_netfilter is loaded a bridge would drop them.
	on fabric sysctl -qew net.bridge.bridge-nf-call-iptables=0 \
		net.bridge.bridge-nf-call-ip6tables=0
}

# cable HOST DEVICE FABRIC_NS PORT: a stand-in for a NIC and its cable.
cable() {
	ip -n "$LAB-$1" link add "$2" mtu "$LAB_MTU" type veth \
		peer name "$4" mtu "$LAB_MTU" netns "$LAB-$3"
	on "$1" ethtool -K "$2" tx off >/dev/null
	on "$3" ethtool -K "$4" tx off >/dev/null
	ip -n "$LAB-$3" link set dev "$4" up
	ip -n "$LAB-$1" link set dev "$2" up
}

# plug HOST: cable to the fabric's bridge, port named after the host.
plug() {
	cable "$1" eth0 fabric "$1"
	ip -n "$LAB-fabric" link set dev "$1" master fab0
}

next_ip() {
	local n=11
	[ ! -e "$LAB_DIR/next_ip" ] || n=$(<"$LAB_DIR/next_ip")
	echo $((n + 1)) >"$LAB_DIR/next_ip"
	echo "10.168.0.$n"
}

# host_add NAME KIND: namespace with eth0 on the fabric and a default route.
host_add() {
	local ip
	ip=$(next_ip)
	mkdir "$LAB_DIR/$1"
	echo "$2" >"$LAB_DIR/$1/kind"
	echo "$ip" >"$LAB_DIR/$1/ip"
	ns_add "$1"
	ns_forwards "$1"
	plug "$1"
	ip -n "$LAB-$1" addr add "$ip/24" dev eth0
	ip -n "$LAB-$1" route add default via $LAB_GATEWAY
	! dual_stack || ip -n "$LAB-$1" addr add "$(host_ip6 "$1")/64" dev eth0 nodad
}

# 10.168.0.11 -> fd00:168::11
host_ip6() {
	local ip
	ip=$(host_ip "$1")
	echo "fd00:168::${ip##*.}"
}

host_ip() {
	cat "$LAB_DIR/$1/ip"
}

# env_value HOST KEY: out of the host's subnet.env.
env_value() {
	sed -n "s/^FLANNEL_$2=//p" "$LAB_DIR/$1/subnet.env"
}

# The host's lease: 10.5.7.0/24; its VTEP's address: 10.5.7.0; its pod's: 10.5.7.2.
subnet() {
	local gw
	gw=$(env_value "$1" SUBNET)
	echo "$(address_plus "${gw%/*}" -1)/${gw#*/}"
}

base() {
	local s
	s=$(subnet "$1")
	echo "${s%/*}"
}

pod_ip() {
	address_plus "$(base "$1")" 2
}

# The IPv6 pod address of a dual-stack host: fd05:0:0:7::2
pod_ip6() {
	local gw
	gw=$(env_value "$1" IPV6_SUBNET)
	echo "${gw%1/*}2"
}

# Pods live near the start of their subnet, so the last byte is all that changes.
address_plus() {
	echo "${1%.*}.$((${1##*.} + $2))"
}

# pod_add HOST: what docker or a CNI bridge plugin does with subnet.env.
pod_add() {
	local gw mtu
	gw=$(env_value "$1" SUBNET)
	mtu=$(env_value "$1" MTU)
	ns_add "$1-pod"
	ip -n "$LAB-$1" link add cni0 mtu "$mtu" type bridge forward_delay 0
	ip -n "$LAB-$1" addr add "$gw" dev cni0
	ip -n "$LAB-$1-pod" link add eth0 mtu "$mtu" type veth \
		peer name pod mtu "$mtu" netns "$LAB-$1"
	ip -n "$LAB-$1" link set pod master cni0 up
	ip -n "$LAB-$1" link set cni0 up
	ip -n "$LAB-$1-pod" link set eth0 up
	ip -n "$LAB-$1-pod" addr add "$(pod_ip "$1")/${gw#*/}" dev eth0
	ip -n "$LAB-$1-pod" route add default via "${gw%/*}"
	! dual_stack || pod_add6 "$1"
}

pod_add6() {
	local gw
	gw=$(env_value "$1" IPV6_SUBNET)
	ip -n "$LAB-$1" addr add "$gw" dev cni0 nodad
	ip -n "$LAB-$1-pod" addr add "$(pod_ip6 "$1")/64" dev eth0 nodad
	ip -n "$LAB-$1-pod" route add default via "${gw%/*}"
}

# port_down HOST, port_up HOST: the switch's side of the cable.
port_down() {
	ip -n "$LAB-fabric" link set dev "$1" down
}

port_up() {
	ip -n "$LAB-fabric" link set dev "$1" up
}
