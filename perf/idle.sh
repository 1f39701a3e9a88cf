#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A node with nothing to do: what it costs, and how long a packet that comes then takes through it; runs
# by perf/run.sh idle.
export OVNET_BUILD=$1
BENCH=idle here=$(dirname "$0")
. "$here/lib/verb.sh"
for part in pair cpu; do
	# shellcheck source=/dev/null
	. "$here/host/$part.sh"
done
shift

SECONDS_IDLE=10 PACKETS=1000

usage() {
	cat <<-END
		usage: perf/run.sh idle [OPTION...]

		A node with ports nothing comes by: percent of a core it takes, and how long a packet takes
		through a worker that sleeps, and through one that never does. Half a minute.

		  --json FILE    write the figures there too
		  --quick        fewer packets, noisier
	END
}

while [ $# -gt 0 ]; do
	case $1 in
	--json) json_file "${2:?--json takes a file}" && shift ;;
	--quick) QUICK=yes SECONDS_IDLE=3 PACKETS=100 ;;
	*) other_option "$1" ;;
	esac
	shift
done

progress() {
	say "idle: [$(printf %6s "$(seconds_since "$STARTED")") s] $*"
}

# Ports of containers and of virtual machines that do nothing either.
ports_conf() {
	local n
	for n in 1 2 3 4; do
		echo "{ name = \"tap$n\"; driver = \"tap\"; addresses = \"10.5.1.$((16 + n))\"; },"
	done
	for n in 1 2; do
		echo "{ name = \"vm$n\"; driver = \"vhost\"; server = true; path = \"$LAB_DIR/vm$n.sock\";" \
			"addresses = \"10.5.1.$((32 + n))\"; },"
	done
}

# idle_node MODE: until it has its peer.
idle_node() {
	cat >"$LAB_DIR/node/ovnet.conf" <<-END
		registry = { type = "static"; file = "$LAB_DIR/leases.json"; };
		dpdk = { mode = "$1"; };
		uplinks = ( { iface = "eth0"; } );
		ports = ( $(ports_conf | sed '$ s/,$//') );
	END
	: >"$LAB_DIR/node/log"
	ovnetd_start node --config "$LAB_DIR/node/ovnet.conf" --dpdk-mbufs=0
	ovnetd_wait node 30
	within 10 "the peer is reached" peer_ok
}

peer_ok() {
	[ "$(ctl node peers | jq '[.[] | select(.state == "ok")] | length')" = 1 ]
}

# through MODE: microseconds from the host device to the far end of the uplink.
through() {
	"$here/idle/through.py" "$LAB-node" ovnet0 "$LAB-peer" eth0 10.5.2.2 "$PACKETS"
}

# Percent of a core.
idle_cpu() {
	local pid before after
	pid=$(ovnetd_pid node)
	before=$(process_ns "$pid")
	sleep "$SECONDS_IDLE"
	after=$(process_ns "$pid")
	awk -v ns=$((after - before)) -v s="$SECONDS_IDLE" 'BEGIN { printf "%.3f", ns / s / 1e7 }'
}

STARTED=$(now_us)
lab_create
choose_memory 128
quiet_begin
leases_write
host_make node ovnet 1
host_make peer none 2
cable node eth0 peer eth0
ip -n "$LAB-node" addr add 10.168.0.1/24 dev eth0
ip -n "$LAB-peer" addr add 10.168.0.2/24 dev eth0
progress "ovnetd with ports nothing comes by"
idle_node adaptive
sleep 2
progress "$SECONDS_IDLE s of nothing"
cpu=$(idle_cpu)
progress "$PACKETS packets, one by one"
woken=$(through)
ovnetd_stop node
progress "the same of a process that does nothing else"
bare=$("$here/idle/bare.py" "$PACKETS")
progress "the same with workers that never sleep"
idle_node poll
awake=$(through)
quiet_end
jq -n --argjson cpu "$cpu" --argjson woken "$woken" --argjson awake "$awake" --argjson bare "$bare" \
	--argjson seconds "$SECONDS_IDLE" \
	'{cpu_percent: $cpu, wake_us_p50: $woken.p50, wake_us_p99: $woken.p99, awake_us_p50: $awake.p50,
	  awake_us_p99: $awake.p99, bare_us_p50: $bare.p50, bare_us_p99: $bare.p99,
	  packets: $woken.packets, lost: ($woken.lost + $awake.lost), $seconds, ports: 8}' >"$LAB_DIR/figures.json"
result_keep "$LAB_DIR/figures.json"
jq -r '"idle: \(.cpu_percent) % of a core over \(.seconds) s, with \(.ports) ports
a packet through a sleeping worker: p50 \(.wake_us_p50) us, p99 \(.wake_us_p99) us
through one that never sleeps:      p50 \(.awake_us_p50) us, p99 \(.awake_us_p99) us
a bare process, woken by another:   p50 \(.bare_us_p50) us, p99 \(.bare_us_p99) us"' "$LAB_DIR/result.json"
