#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# An uplink with four queues and one, two or three workers: packets of every queue are handled,
# data is what was sent, and no flow is reordered by the way between workers.
# runs: alone
export LAB_DRIVER=af_xdp # which has a socket for each queue of the device
. "$(dirname "$0")/lib.sh"

QUEUES=4

# wide_host NAME [FLAG...]: as ovnet_host, its cable with QUEUES queues at both ends.
wide_host() {
	local ip
	host_add "$1" ovnet
	ip=$(host_ip "$1")
	ip -n "$LAB-$1" link del eth0
	ip -n "$LAB-$1" link add eth0 numrxqueues $QUEUES numtxqueues $QUEUES type veth peer \
		name "$1" netns "$LAB-fabric" numrxqueues $QUEUES numtxqueues $QUEUES
	on "$1" ethtool -L eth0 rx $QUEUES tx $QUEUES
	on fabric ethtool -L "$1" rx $QUEUES tx $QUEUES
	on "$1" ethtool -K eth0 tx off >/dev/null
	on fabric ethtool -K "$1" tx off >/dev/null
	ip -n "$LAB-fabric" link set dev "$1" master fab0 up
	ip -n "$LAB-$1" addr add "$ip/24" dev eth0
	ip -n "$LAB-$1" link set dev eth0 up
	ip -n "$LAB-$1" route add default via "$LAB_GATEWAY"
	ovnetd_start "$@"
	ovnetd_wait "$1"
	pod_add "$1"
}

# in_order FROM TO: eight flows of numbered datagrams.
in_order() {
	local got late
	spawn "$LAB_DIR/order" ip netns exec "$LAB-$2-pod" "$OVNET_ROOT/test/smoke/lib/udp_order.py"
	sleep 0.5
	in_pod "$1" "$OVNET_ROOT/test/smoke/lib/udp_order.py" --send "$(pod_ip "$2")"
	wait "$SPAWNED"
	read -r got late < <(tail -n 1 "$LAB_DIR/order")
	say "from $1 to $2: $got of 20000 datagrams, $late out of order"
	expect "most datagrams arrive" [ "$got" -gt 10000 ]
	equal "datagrams out of order" 0 "$late"
}

lab_up
linux_host z
iperf_server z
for workers in 1 2 3; do
	name=w$workers
	wide_host $name --dpdk-workers=$workers
	equal "workers" $workers "$(ctl $name workers | jq length)"
	equal "rx queues somebody polls" $QUEUES \
		"$(ctl $name workers | jq '[.[].queues[] | select(startswith("eth0:"))] | unique | length')"
	reach $name z
	expect "8 MB from $name to z arrive unchanged" tcp_copy $name z 8
	expect "8 MB from z to $name arrive unchanged" tcp_copy z $name 8
	in_order $name z
	in_order z $name
	out=$(iperf $name z 1 -P 8) in=$(iperf $name z 1 -P 8 -R)
	say "$workers workers: $out Gbit/s out, $in in"
	expect "8 streams move data" awk -v a="$out" -v b="$in" 'BEGIN { exit !(a > 0.05 && b > 0.05) }'
	all_arrive z $name 62
done
