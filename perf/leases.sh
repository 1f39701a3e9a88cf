#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# How ovnetd copes with a full lease tree; runs by perf/run.sh leases. A node and an etcd in two
# network namespaces, peers behind one gateway as in a routed cluster, everything real.
export OVNET_BUILD=$1
BENCH=leases
. "$(dirname "$0")/lib/verb.sh"
. "$perf/lib/etcd.sh"
shift

LOAD=$OVNET_BUILD/perf/lease_load
LEASES=65536 STORM=10000 EVENTS=10000
# The underlay's addresses have to lie outside the overlay, which is all of 10/8 here.
ETCD_URL=http://192.168.100.1:2379
NODE_IP=192.168.100.2

usage() {
	cat <<-END
		usage: perf/run.sh leases [OPTION...]

		ovnetd and a full lease tree in a real etcd: first sync, a storm of changes, latency of single
		ones, resync, memory. A few minutes.

		  --json FILE    write the figures there too
		  --leases N     256 to 65536 (default) leases, our own included
		  --quick        8192 leases, fewer changes
	END
}

while [ $# -gt 0 ]; do
	case $1 in
	--json) json_file "${2:?--json takes a file}" && shift ;;
	--leases) LEASES=${2:?--leases takes a number} && shift ;;
	--quick) QUICK=yes LEASES=8192 STORM=2000 EVENTS=4000 ;;
	*) other_option "$1" ;;
	esac
	shift
done
if ! [[ $LEASES =~ ^[0-9]+$ ]] || [ "$LEASES" -lt 256 ] || [ "$LEASES" -gt 65536 ]; then
	fail "--leases takes 256 to 65536, not $LEASES"
fi
# Changes take leases of the tree's first half, each is gone for a second.
[ $STORM -le $((LEASES - 4)) ] || STORM=$((LEASES - 4))
[ $EVENTS -le $((LEASES - 4)) ] || EVENTS=$((LEASES - 4))
LAG=$((EVENTS / 4 < 1000 ? EVENTS / 4 : 1000))

ETCD_DATA=/dev/shm/$LAB.etcd # memory: the disk is not what is measured

lab_after() {
	rm -rf "$ETCD_DATA"
	return "$1"
}

# Tables of a full network help nobody.
lab_dump() {
	tail -n 20 "$LAB_DIR/etcd.log" "$LAB_DIR/node/log" "$LAB_DIR/figures"
}

network() {
	ns_add etcd
	ns_add node
	cable node eth0 etcd eth0
	ip -n "$LAB-etcd" addr add 192.168.100.1/24 dev eth0
	ip -n "$LAB-node" addr add $NODE_IP/24 dev eth0
	ip -n "$LAB-node" route add default via 192.168.100.1
	mkdir "$LAB_DIR/node"
	echo $NODE_IP >"$LAB_DIR/node/ip"
}

# load VERB ARG...: in the node's namespace; its JSON joins the figures.
load() {
	on node "$LOAD" "$@" >>"$LAB_DIR/figures"
}

figure() {
	jq -nc --arg k "$1" --argjson v "$2" '{($k): $v}' >>"$LAB_DIR/figures"
}

status() {
	"$OVNETCTL" --socket "$LAB_DIR/node/ctl.sock" --json status "$@"
}

rss_mb() {
	awk '/^VmRSS/ { printf "%.1f\n", $2 / 1024 }' "/proc/$(ovnetd_pid node)/status"
}

# What the daemon says of its own loop since the last time it was asked.
note_stall() {
	figure "stall_$1_ms" "$(status --reset | json .loop.stall_ms_max)"
}

# ask VIEW: how long the whole answer takes a client, and what that does to the loop.
ask() {
	local start
	status --reset >/dev/null
	start=$(now_us)
	"$OVNETCTL" --socket "$LAB_DIR/node/ctl.sock" --json "$1" | jq -e 'length > 1' >/dev/null
	figure "ask_$1_s" "$(seconds_since "$start")"
	note_stall "ask_$1"
}

start_node() {
	START=$(now_us)
	ovnetd_start node
}

# since_lease: what the daemon's own log says: lease acquired to ready.
since_lease() {
	sed -En 's/^([0-9]+):([0-9]+):([0-9.]+) .*(Lease acquired|ready:).*/\1 \2 \3 \4/p' \
		"$LAB_DIR/node/log" | awk '
		{ t = ($1 * 60 + $2) * 60 + $3 }
		/Lease/ { from = t }
		/ready/ { d = t - from; printf "%.3f\n", d < 0 ? d + 86400 : d }' | tail -n 1
}

measure_empty() {
	start_node
	load await "$LAB_DIR/node/ctl.sock" 0 0
	figure rss_empty_mb "$(rss_mb)"
	ovnetd_stop node
	etcdctl del --prefix "$PREFIX/subnets/" >/dev/null
	: >"$LAB_DIR/node/log"
}

measure_sync() {
	local answers probe
	start_node
	within 10 "ovnetd's control socket" status
	spawn "$LAB_DIR/node/probe" ip netns exec "$LAB-node" "$LOAD" probe "$LAB_DIR/node/ctl.sock"
	probe=$SPAWNED
	load await "$LAB_DIR/node/ctl.sock" "$((LEASES - 1))" 0
	figure sync_s "$(seconds_since "$START")"
	figure sync_from_lease_s "$(since_lease)"
	end_process "$probe" 10 || true
	answers=$(json .answer_ms_max "$LAB_DIR/node/probe")
	figure answer_sync_ms_max "$answers"
	note_stall sync
}

measure_resync() {
	local back
	etcd_stop
	sleep 1
	etcd_run
	back=$(now_us)
	load await "$LAB_DIR/node/ctl.sock" $((LEASES - 1)) 1
	figure resync_s "$(seconds_since "$back")"
	note_stall resync
}

lab_create
quiet_begin
network
etcd_run
netconf '{"Network":"10.0.0.0/8","SubnetLen":24,"Backend":{"Type":"vxlan"}}'
measure_empty
say "filling etcd with $((LEASES - 1)) leases"
load fill $ETCD_URL "$LEASES"
say "first sync"
measure_sync
say "a storm of $STORM changes"
load storm $ETCD_URL "$STORM"
note_stall storm
say "$EVENTS changes at 1000 per second"
load rate $ETCD_URL "$EVENTS" 1000 $LAG
note_stall rate
say "etcd restarts"
measure_resync
ask peers
ask leases
figure rss_mb "$(rss_mb)"
figure routes "$(on node ip -4 route show proto 111 | grep -c ovnet0)"
jq -s --argjson leases "$LEASES" --argjson storm "$STORM" '
	{leases: $leases, storm: $storm} + add
	| .loop_stall_ms_max = ([to_entries[] | select(.key | startswith("stall_")) | .value] | max)
	' "$LAB_DIR/figures" >"$LAB_DIR/figures.json"
ovnetd_stop node
quiet_end
result_keep "$LAB_DIR/figures.json"
jq -r 'to_entries[] | "\(.key)\t\(.value)"' "$LAB_DIR/figures.json" | column -t
