#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Ports come and go over the control socket while two others carry traffic; runs by perf/run.sh
# ports. What does not arrive is counted, and what is not there again in the end.
export OVNET_BUILD=$1
BENCH=ports parts=$(dirname "$0")/ports
. "$(dirname "$0")/lib/verb.sh"
shift

ROUNDS=1000 RATE=5000
WARM_UP=24        # rounds before anything is counted: what is made once and stays is no leak
RSS_ALLOWANCE=2048 # KB

usage() {
	cat <<-END
		usage: perf/run.sh ports [OPTION...]

		A thousand ports are added and removed over the control socket, while two others carry traffic
		at a steady rate: packets lost, and what is not there again (packet buffers, open files,
		memory). Exit status 1 if anything is lost or leaked. About a minute.

		  --json FILE    write the figures there too
		  --quick        200 ports
		  --rounds N     so many ports instead of 1000
		  --rate PPS     packets per second, 5000 if not said
	END
}

while [ $# -gt 0 ]; do
	case $1 in
	--json) json_file "${2:?--json takes a file}" && shift ;;
	--quick) QUICK=yes ROUNDS=200 ;;
	--rounds) ROUNDS=${2:?--rounds takes a number} && shift ;;
	--rate) RATE=${2:?--rate takes packets per second} && shift ;;
	*) other_option "$1" ;;
	esac
	shift
done
[[ $ROUNDS =~ ^[1-9][0-9]{0,6}$ ]] || fail "ports: --rounds takes 1 to 9999999, not '$ROUNDS'"
[[ $RATE =~ ^[1-9][0-9]{0,4}$ ]] || fail "ports: --rate takes 1 to 99999, not '$RATE'"

# What an engineer would ask for first.
lab_dump() {
	local what
	for what in status ports queues drops workers; do
		timeout 3 "$OVNETCTL" --socket "$LAB_DIR/node/ctl.sock" $what | head -n 20
	done
	tail -n 20 "$LAB_DIR"/traffic "$LAB_DIR"/node/log
}

# Two workers, and an uplink nothing goes by: what is sent stays on this node.
node_start() {
	cat >"$LAB_DIR/leases.json" <<-END
		{"config": {"Network": "10.0.0.0/8", "SubnetLen": 24, "Backend": {"Type": "vxlan", "VNI": 1}},
		 "leases": {"10.255.0.0-24": {"PublicIP": "172.31.0.1", "BackendType": "vxlan",
		  "BackendData": {"VNI": 1, "VtepMAC": "42:00:00:00:00:01"}}}}
	END
	cat >"$LAB_DIR/node/ovnet.conf" <<-END
		registry = { type = "static"; file = "$LAB_DIR/leases.json"; };
		dpdk = { workers = 2; hugepages = "off"; };
		uplinks = ( { devargs = "net_null0,no-rx=1"; address = "172.31.0.1/24"; } );
	END
	LAB_IFACE='' ovnetd_start node --config "$LAB_DIR/node/ovnet.conf" --dpdk-mbufs=32768 \
		--host-device= --log-level=warn
	ovnetd_wait node 30
}

port() {
	timeout 15 "$OVNETCTL" --socket "$LAB_DIR/node/ctl.sock" port "$@" >/dev/null
}

# end_add NAME ADDRESSES: a TAP the traffic comes and goes by. Its kernel speaks to nobody.
end_add() {
	port add "$1" driver=tap "addresses=$2" descriptors=16384
	ip -n "$LAB-node" link set dev "$1" arp off up
}

churn() {
	"$parts/churn.py" "$LAB_DIR/node/ctl.sock" "$LAB_DIR" "$@"
}

# Ports that were deleted are closed behind the workers' grace.
settled() {
	[ "$(timeout 5 "$OVNETCTL" --socket "$LAB_DIR/node/ctl.sock" port show --json)" = "[]" ] &&
		[ "$(ctl node ports | jq length)" = 1 ]
}

# mbufs that hold no packet, open files, KB of memory of its own.
have() {
	local pid
	within 20 "all ports that were deleted are closed" settled
	pid=$(ovnetd_pid node)
	echo "$(ctl node status | jq .dpdk.mbufs_free) $(find "/proc/$pid/fd" -mindepth 1 | wc -l)" \
		"$(awk '$1 == "RssAnon:" { print $2 }' "/proc/$pid/status")"
}

traffic_start() {
	end_add in 10.255.0.0/26
	end_add out 10.255.0.64/26
	spawn "$LAB_DIR/traffic" ip netns exec "$LAB-node" "$parts/traffic.py" "$RATE" \
		"$(ctl node ports | jq -r '.[] | select(.name == "in") | .mac')" \
		"$(ctl node ports | jq -r '.[] | select(.name == "out") | .mac')"
	TRAFFIC=$SPAWNED
	within 10 "packets pass" grep -q '^passing$' "$LAB_DIR/traffic"
}

# Until what is underway has arrived, or no more does.
traffic_stop() {
	local rc=0
	kill -TERM "$TRAFFIC"
	wait "$TRAFFIC" || rc=$?
	[ $rc = 0 ] || fail "the traffic ended with status $rc: $(tail -n 3 "$LAB_DIR/traffic")"
	PASSED=$(tail -n 1 "$LAB_DIR/traffic")
	DROPPED=$(ctl node drops | jq -c '[(.drops? // .)[] | select(.packets > 0) | {reason, packets, port}]')
	port del in
	port del out
}

result() {
	jq -n --argjson rounds "$ROUNDS" --argjson rate "$RATE" --argjson traffic "$PASSED" \
		--argjson drops "$DROPPED" --argjson churn "$CHURN" --arg before "$1" --arg after "$2" \
		--argjson allowance $RSS_ALLOWANCE '
		def have: split(" ") | map(tonumber) | {mbufs_free: .[0], fds: .[1], rss_kb: .[2]};
		($before | have) as $b | ($after | have) as $a
		| {$rounds, sent: $traffic.sent, lost: ($traffic.sent - $traffic.received),
		   leaked: (([$b.mbufs_free - $a.mbufs_free, 0] | max) + ([$a.fds - $b.fds, 0] | max)),
		   before: $b, after: $a, rss_allowance_kb: $allowance,
		   rss_beyond_kb: ([$a.rss_kb - $b.rss_kb - $allowance, 0] | max),
		   $rate, $traffic, $churn, $drops}'
}

report() {
	jq -r '["", "before", "after"], ["mbufs free", .before.mbufs_free, .after.mbufs_free],
		["open files", .before.fds, .after.fds],
		["memory, KB", .before.rss_kb, .after.rss_kb] | @tsv' "$LAB_DIR/result.json" |
		column -t -s $'\t'
	jq -r '"
\(.rounds) ports of \(.churn.kinds | keys | join(", ")) added and removed in \(.churn.seconds) s, \(.churn.alive) at a time
sent \(.sent) at \(.rate)/s, lost \(.lost), twice \(.traffic.twice); the slowest took \(.traffic.slowest_ms) ms
leaked \(.leaked) (packet buffers and open files)" +
		if .rss_beyond_kb > 0 then "
memory grew by \(.rss_beyond_kb) KB more than the \(.rss_allowance_kb) KB allowed" else "" end +
		if .drops != [] then "
dropped: \(.drops)" else "" end' "$LAB_DIR/result.json"
}

lab_create
quiet_begin
ns_add node
on node sysctl -qw net.ipv6.conf.default.disable_ipv6=1
mkdir "$LAB_DIR/node"
node_start
churn warm $WARM_UP >/dev/null
traffic_start
traffic_stop
before=$(have)
traffic_start
CHURN=$(churn p "$ROUNDS")
traffic_stop
after=$(have)
quiet_end
result "$before" "$after" >"$LAB_DIR/figures.json"
result_keep "$LAB_DIR/figures.json"
report
jq -e '.lost == 0 and .leaked == 0 and .rss_beyond_kb == 0 and .traffic.twice == 0 and .sent > 0' \
	"$LAB_DIR/result.json" >/dev/null || fail "ports: packets were lost or came twice, or something leaked (above)"
