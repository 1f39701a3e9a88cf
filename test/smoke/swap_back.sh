#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A node is handed over to the kernel under traffic: pods go on talking with no daemon at all, to
# ovnet's and flannel's nodes, and ovnetd takes it back with the same subnet and VtepMAC. What each
# change lost is counted. Then host-gw, which is routes alone; udp, which the kernel cannot do; and a
# stop that leaves nothing.
# runs: long
export OVNET_LANE=auto LAB_DUAL=1
. "$(dirname "$0")/lib.sh"

LIMIT_MS=1000

ovnetd_ended() {
	within 20 "ovnetd on $1 ends" gone_or_zombie "$(ovnetd_pid "$1")"
	wait "$(ovnetd_pid "$1")" || fail "ovnetd on $1 ended with status $?"
	rm "$LAB_DIR/$1/ovnetd.pid"
}

# flow_lost WHAT: of a flow of numbered packets each way, how much was lost, and that it came to life
# again.
flow_lost() {
	flow_stop
	jq -r --arg what "$1" '"\($what), \(.way): \(.lost) of \(.sent) lost, longest gap \(.gap_ms) ms"' \
		"$LAB_DIR/flow.json" >&2
	expect "$1: less than $LIMIT_MS ms lost" jq -es --argjson r "$FLOW_RATE" --argjson ms $LIMIT_MS \
		'all(.gap_ms < $ms and .lost < $r * $ms / 1000 and .distinct > 0)' "$LAB_DIR/flow.json"
}

of_ovnet() {
	on a ls /sys/class/net | grep ovnet || true
	on a ip route show table all proto 111
	on a ip -6 route show table all proto 111
}

# The peers' subnets that are reached by a device of this name.
routes_of() {
	{ on a ip -4 route show && on a ip -6 route show; } |
		awk -v dev="dev $1" '$0 ~ dev && / via / && $1 != "default" { print $1 }' | sort
}

subnets() {
	local host gw
	for host in "$@"; do
		subnet "$host"
		gw=$(env_value "$host" IPV6_SUBNET)
		echo "${gw%1/64}/64"
	done | sort
}

# both_ways A B: pings of both IP versions.
both_ways() {
	local version
	for version in 4 6; do
		within 5 "IPv$version from $1 to $2" size_passes "$1" "$2" $version 100
		equal "IPv$version, answers to 5 pings from $1 to $2, their TTL" "5 ${3:-62}" "$(ttl_seen "$1" "$2" $version)"
		equal "IPv$version, answers to 5 pings from $2 to $1, their TTL" "5 ${3:-62}" "$(ttl_seen "$2" "$1" $version)"
	done
}

# The value of a lease whose key has two halves.
value_of() {
	etcdctl get --print-value-only --prefix "$(lease_key "$(subnet "$1")")"
}

own_mac() {
	value_of a | json .BackendData.VtepMAC
}

lab_up
ovnet_host a
ovnet_host b
linux_host c
reach a b
reach b a
reach a c
own=$(subnet a) mac=$(own_mac)

flow_start a b
flow_start a c
expect "the order" "$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" handover kernel >&2
ovnetd_ended a
sleep 0.5 # of the flow's, by the kernel
flow_lost "ovnet to kernel"
grep "without forwarding" "$LAB_DIR/a/log" >&2 || fail "the log does not say how long"
equal "what is left of ovnet's" "" "$(of_ovnet)"
equal "MAC of flannel.1" "$mac" "$(on a cat /sys/class/net/flannel.1/address)"
equal "peers' routes" "$(subnets b c)" "$(routes_of flannel)"
for peer in b c; do
	expect "fdb entry of $peer" grep -q "^$(value_of $peer | json .BackendData.VtepMAC) dst $(host_ip $peer) self permanent" \
		<<<"$(on a bridge fdb show dev flannel.1)"
	both_ways a $peer
done
expect "TCP by the kernel alone" tcp_copy a b
flags=$(ovnetd_flags a)
mapfile -t flags <<<"$flags"
before=$(on a ip addr show; on a ip route)
expect "--cleanup says what it leaves" grep -q "^left: flannel.1:" <<<"$(on a "$OVNETD" "${flags[@]}" --cleanup)"
equal "devices and routes after --cleanup" "$before" "$(on a ip addr show; on a ip route)"
expect "subnet.env is there" grep -q "^FLANNEL_SUBNET=${own%.*}.1/24" "$LAB_DIR/a/subnet.env"

# Taken back: without a way to take flannel's device over, it is in the way.
flow_start a b
[ -n "${TAKES_OVER:=$("$OVNETD" --help | grep -- --takeover || true)}" ] || {
	on a ip link del flannel.1
	on a ip link del flannel-v6.1
}
ovnetd_start a
ovnetd_wait a
reach a c
reach a b
within 5 "flannel.1 is gone" eval "! on a ip link show flannel.1"
if [ -n "$TAKES_OVER" ]; then flow_lost "kernel to ovnet"; else flow_stop; fi
equal "subnet" "$own" "$(subnet a)"
equal "VtepMAC" "$mac" "$(own_mac)"
both_ways a c

# By the signal; a kernel that cannot is no reason to lose what there is.
on a ip link add flannel.1 type bridge
ovnetd_stop a
ovnetd_start a --on-stop=kernel
ovnetd_wait a
ovnetd_stop a
expect "why not" logged a "flannel.1: there is one already"
expect "held" on a ip route get "$(pod_ip b)" oif ovnet0
on a ip link del flannel.1
# What the snapshot says will do, while the lease in it lasts.
etcd_stop
ovnetd_start a --on-stop=kernel
ovnetd_wait a
expect "forwarding by the snapshot" [ "$(ctl a status | json .etcd.stale)" = true ]
ovnetd_stop a
equal "peers' routes" "$(subnets b c)" "$(routes_of flannel)"
both_ways a c
on a ip link del flannel.1
on a ip link del flannel-v6.1
etcd_start

# host-gw: a and b are the nodes of that.
netconf "$(LAB_BACKEND=host-gw lab_netconf)"
ovnetd_stop b
for host in a b; do
	ovnetd_start $host --on-stop=kernel
	ovnetd_wait $host
done
reach a b
flow_start a b
ovnetd_stop a
sleep 0.5
flow_lost "ovnet to kernel, host-gw"
equal "routes" "$(subnet b) via $(host_ip b) dev eth0" \
	"$(on a ip route show "$(subnet b)" | sed 's/ *$//')"
equal "peers' routes" "$(subnets b)" "$(routes_of eth0)"
equal "what is left of ovnet's" "" "$(of_ovnet)"
both_ways a b

# udp
ovnetd_stop b
netconf "$(LAB_DUAL='' LAB_BACKEND=udp lab_netconf)"
for was in $(subnets b); do
	on a ip route del "$was"
done
for host in a b; do
	ovnetd_start $host --on-stop=remove
	ovnetd_wait $host
done
reach a b
why=$("$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" handover kernel 2>&1) &&
	fail "udp was handed over"
expect "why udp is refused, in: $why" grep -q "backend udp.*ends with its process" <<<"$why"
all_arrive a b 60
ovnetd_stop a
equal "what is left of ovnet's" "" "$(of_ovnet)"
equal "rules that are left" "" "$(on a iptables -S FORWARD | grep OVNET || true)"
expect "the lease is kept" [ -n "$(value_of a)" ]
