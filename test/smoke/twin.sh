#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A NIC of ovnetd's own, the host's kernel on its twin: the host's traffic and the overlay's side by
# side on one wire, with a kernel vxlan device as peer. Etcd is reached by the twin, so it works
# before there is a lease, for a DHCP client as well; it is there, with its addresses, after kill -9.
# runs: asan
export LAB_DUAL=1
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/nic.sh"

# The hosts themselves, underlay to underlay; all have to arrive.
pings() { # pings FROM ADDRESS [OPTION...]
	on "$1" ping -n -q -c 5 -i 0.02 -W 1 "${@:3}" "$2" | grep -q ' 5 received'
}
host_copy() { # host_copy FROM TO ADDRESS [OPTION...]: megabytes by TCP or UDP of nc
	local server
	head -c 3M /dev/urandom >"$LAB_DIR/sent"
	OVNET_LAB=$LAB ip netns exec "$LAB-$2" timeout 20 nc -l -N 7770 >"$LAB_DIR/got" </dev/null &
	server=$!
	retry 3 eval '[ -n "$(on '"$2"' ss -Hltn "sport = :7770")" ]' || return 1
	on "$1" timeout 20 nc -N "$3" 7770 <"$LAB_DIR/sent" || true
	wait $server || true
	cmp "$LAB_DIR/sent" "$LAB_DIR/got"
}
hosts_speak() {
	local a b
	a=$(host_ip a) b=$(host_ip b)
	within 5 "a reaches b" pings a "$b"
	within 5 "b reaches a" pings b "$a"
	within 5 "IPv6 to b" pings a "$(host_ip6 b)"
	within 5 "IPv6 from b" pings b "$(host_ip6 a)"
	expect "TCP to b" host_copy a b "$b"
	expect "TCP from b" host_copy b a "$a"
}
overlay_speaks() {
	reach a b
	all_arrive b a 62
	expect "TCP through the overlay" tcp_copy a b
	expect "TCP through the overlay" tcp_copy b a
	within 5 "IPv6 through the overlay" size_passes a b 6 100
}
port() { # port ROLE FIELD
	ctl a ports | jq -r --arg r "$1" --arg f "$2" '.[] | select(.role == $r) | .[$f]'
}
warns() {
	ctl a status | jq -e --arg r "$1" '.warnings | any(test($r))'
}

lab_up
linux_host b
host_add a ovnet
nic_alone a
nic_config a
ovnetd_start a --config "$LAB_DIR/a/ovnet.conf"
within 10 "the twin is there" twin_of a
within 5 "it waits for an address" logged a "twin $TWIN of uplink uplink0 has no IPv4 address"
equal "what waits has no lease" "" "$(ls "$LAB_DIR/a/subnet.env" 2>/dev/null || true)"
ip -n "$LAB-a" addr add "$(host_ip6 a)/64" dev "$TWIN" nodad
dhcp_serve b a
expect "an address by DHCP" dhcp_ask a
hosts_speak # its own etcd is behind it
ovnetd_wait a
hosts_speak
expect "the host's TCP comes whole, and is cut" [ "$(ctl a stats |
	json '.stages[] | select(.stage == "segment").packets')" -gt 0 ]
pod_add a
overlay_speaks

# ARP and ND are the kernel's, asked from either side anew.
on a ip neigh flush dev "$TWIN"
on b ip neigh flush dev eth0
hosts_speak
equal "MAC of the next hop" "$(on b cat /sys/class/net/eth0/address)" \
	"$(ctl a peers | json '.[0].mac')"
equal "MAC of the twin" "$(on a cat /sys/class/net/eth0/address)" \
	"$(on a cat /sys/class/net/$TWIN/address)"

# All at once: nobody's packets end with the other.
in_pod a ping -n -q -c 100 -i 0.02 -W 2 "$(pod_ip b)" >"$LAB_DIR/beside" &
beside=$!
hosts_speak
wait $beside
expect "no ping of the overlay's is lost beside: $(<"$LAB_DIR/beside")" \
	grep -q ' 100 received' "$LAB_DIR/beside"

# Sizes, fragments and multicast of the host's.
expect "1500 bytes" pings a "$(host_ip b)" -s 1472 -M "do"
expect "1500 bytes back" pings b "$(host_ip a)" -s 1472 -M "do"
# IPv4 fragments this stand-in for a NIC joins, as far as it has room: larger than the twin's MTU.
expect "fragments" pings a "$(host_ip b)" -s 1900
expect "fragments back" pings b "$(host_ip a)" -s 1900
expect "IPv6 fragments" pings a "$(host_ip6 b)" -s 20000
expect "IPv6 fragments back" pings b "$(host_ip6 a)" -s 20000
link_local=$(on a ip -6 -o addr show dev "$TWIN" scope link | awk '{ split($4, a, "/"); print a[1] }')
on b ping -n -c 5 -i 0.2 -W 1 ff02::1%eth0 >"$LAB_DIR/multicast"
expect "multicast reaches $link_local" grep -q "from $link_local" "$LAB_DIR/multicast"
hosts_udp() { # hosts_udp FROM TO: datagrams of all sizes, fragments too, sent back as they are
	local echo rc=0
	OVNET_LAB=$LAB ip netns exec "$LAB-$2" timeout 20 \
		"$OVNET_ROOT/test/smoke/lib/udp_echo.py" serve 6 7771 &
	echo=$!
	on "$1" timeout 20 "$OVNET_ROOT/test/smoke/lib/udp_echo.py" ask 6 7771 "$(host_ip6 "$2")" || rc=$?
	kill $echo 2>/dev/null || true
	wait $echo 2>/dev/null || true
	return $rc
}
expect "UDP from a" hosts_udp a b
expect "UDP to a, whose fragments come from a lease's address" hosts_udp b a
equal "drops but for the overlay's" "0 0" "$(drops a not-overlay) $(drops a gso-state)"
expect "the twin's packets are counted" [ "$(port twin rx_packets)" -gt 1000 ]
expect "and those to it" [ "$(port twin tx_packets)" -gt 1000 ]
equal "interface of the twin" "$(on a cat /sys/class/net/$TWIN/ifindex)" "$(port twin ifindex)"

# In an operator's hands: the NIC follows.
on a ip link set "$TWIN" mtu 1400
within 5 "the NIC has the MTU" eval '[ "$(on a cat /sys/class/net/eth0/mtu)" = 1400 ]'
within 5 "a warning about the MTU" warns "has MTU 1400, too little"
on a ip link set "$TWIN" mtu 1500
within 5 "the NIC has the MTU again" eval '[ "$(on a cat /sys/class/net/eth0/mtu)" = 1500 ]'
on a ip link set "$TWIN" down
within 5 "a warning that it is down" warns "$TWIN is down"
on a ip link set "$TWIN" up
# What goes with its being down, the kernel's way.
on a ip route replace default via "$LAB_GATEWAY"
on a ip addr replace "$(host_ip6 a)/64" dev "$TWIN" nodad
hosts_speak
overlay_speaks

# Killed: the twin keeps its addresses and routes, the next daemon finds them.
before=$(on a ip -o addr show dev "$TWIN" scope global | sed 's/ *tentative//')
ovnetd_kill9 a
equal "addresses without a daemon" "$before" "$(on a ip -o addr show dev "$TWIN" scope global)"
expect "no carrier without a daemon" eval '[ "$(on a cat /sys/class/net/$TWIN/carrier)" = 0 ]'
ovnetd_start a --config "$LAB_DIR/a/ovnet.conf"
hosts_speak
ovnetd_wait a
overlay_speaks

# Deleted: made anew; its addresses are the operator's to restore.
on a ip link del "$TWIN"
within 5 "the twin is there again" twin_of a
twin_addresses a
hosts_speak
overlay_speaks

ovnetd_stop a
mapfile -t flags < <(ovnetd_flags a)
expect "what stays is said" eval \
	'on a "$OVNETD" "${flags[@]}" --cleanup --dry-run | grep -q "would remove: link $TWIN"'
on a "$OVNETD" "${flags[@]}" --cleanup >/dev/null
equal "TUN and TAP devices after the cleanup" "" "$(on a ip -o link show type tun)"
