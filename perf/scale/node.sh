# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# ovnetd with a generator for each worker and one port they all send by; leases from a file.

export LAB_IFACE=''

declare -A NODE_PID=() NODE_PORTS=()
MBUFS=32768 # for each generator, which keeps one for each of its frames

# attached NAME DEVARGS ADDRESSES QUEUES [N]: number N of several.
attached() {
	echo "{ name = \"$1\"; driver = \"dpdk\"; devargs = \"$2\"; addresses = \"$3\";" \
		"queues = $4; mac = \"02:00:00:00:00:0$((${5:-0} + 1))\"; }"
}

# encap_ports WORKERS, decap_ports WORKERS: what comes in by worker, and leaves by one for all.
encap_ports() {
	local n sep=''
	UPLINK=net_null0,no-rx=1 ATTACHED=''
	CAME_BY='' LEFT_BY=uplink0
	for ((n = 0; n < $1; n++)); do
		ATTACHED+=$sep$(attached "gen$n" "net_pcap$n,rx_pcap=$LAB_DIR/encap$n.pcap,infinite_rx=1" \
			"${SIDES[n]}" 1 "$n") sep=,
		CAME_BY+=${CAME_BY:+,}gen$n
	done
}

decap_ports() {
	local n
	UPLINK=net_pcap0,infinite_rx=1
	for ((n = 0; n < $1; n++)); do
		UPLINK+=,rx_pcap=$LAB_DIR/decap$n.pcap
	done
	ATTACHED=$(attached gen net_null0,no-rx=1 10.255.0.0/24 "$1")
	CAME_BY=uplink0 LEFT_BY=gen
}

node_conf() {
	cat <<-END
		registry = { type = "static"; file = "$LAB_DIR/$1/leases.json"; };
		dpdk = { worker-cpus = "$2"; workers = $3; mode = "poll"; balance = false;
		         hugepages = "$([ -z "$HUGE" ] && echo off || echo on)"; };
		uplinks = ( { devargs = "$UPLINK"; address = "172.31.0.1/24"; gateway = "172.31.0.254";
		              neighbours = ( { ip = "172.31.0.254"; mac = "06:00:00:00:00:fe"; } ); } );
		ports = ( $ATTACHED );
	END
}

node_settled() {
	[ "$(ctl "$1" peers | jq '[.[] | select(.state == "ok")] | length')" = "$2" ]
}

# node_start NAME PATH CPUS WORKERS: until it forwards to all peers; then it stands still.
node_start() {
	local name=$1
	ns_add "$name"
	mkdir "$LAB_DIR/$name"
	cp "$LAB_DIR/leases.json" "$LAB_DIR/$name/"
	"$2_ports" "$4"
	node_conf "$name" "$3" "$4" >"$LAB_DIR/$name/ovnet.conf"
	ovnetd_start "$name" --config "$LAB_DIR/$name/ovnet.conf" "--dpdk-mbufs=$((MBUFS * $4))" \
		--host-device= --log-level=warn
	NODE_PID[$name]=$SPAWNED NODE_PORTS[$name]="$CAME_BY $LEFT_BY"
	ovnetd_wait "$name" 30
	within 30 "$name: all peers are reached" node_settled "$name" "$PEERS"
	stand_still "$name"
}

node_stop() {
	go_on "$1"
	ovnetd_stop "$1"
	unset "NODE_PID[$1]"
	ip netns del "$LAB-$1"
	rm -r "${LAB_DIR:?}/$1"
}

stand_still() {
	kill -STOP "${NODE_PID[$1]}"
}

go_on() {
	kill -CONT "${NODE_PID[$1]}"
}

# node_counted NAME: see counted.py.
node_counted() {
	# shellcheck disable=SC2086
	"$scale/counted.py" "$LAB_DIR/$1/ctl.sock" ${NODE_PORTS[$1]}
}
