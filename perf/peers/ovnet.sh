# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# ovnetd with an uplink of DPDK's, an attach port of DPDK's or vhost, and nothing else: leases from a
# file, no host device.

export LAB_IFACE=''
OVNET_MB=160

ovnet_available() {
	WHY="no $OVNETD: ninja -C $OVNET_BUILD builds it"
	[ -x "$OVNETD" ]
}

# ovnet_attach DEVARGS|vhost:SOCKET
ovnet_attach() {
	case $1 in
	vhost:*) echo "driver = \"vhost\"; path = \"${1#vhost:}\";" ;;
	*) echo "driver = \"dpdk\"; devargs = \"$1\";" ;;
	esac
}

# ovnet_conf PATH IN OUT
ovnet_conf() {
	local attach=$2 uplink=$3
	[ "$1" != decap ] || attach=$3 uplink=$2
	cat <<-END
		registry = { type = "static"; file = "$LAB_DIR/leases.json"; };
		dpdk = { worker-cpus = "$WORKER_CPU"; mode = "$MODE";
		         hugepages = "$([ -z "$HUGE" ] && echo off || echo on)"; };
		uplinks = ( { devargs = "$uplink"; address = "172.31.0.1/24"; gateway = "172.31.0.254";
		              neighbours = ( { ip = "172.31.0.254"; mac = "06:00:00:00:00:fe"; } ); } );
		ports = ( { name = "gen"; $(ovnet_attach "$attach")
		            addresses = "10.255.0.0/24"; mac = "02:00:00:00:00:01"; } );
	END
}

# ovnet_settled ID PEERS
ovnet_settled() {
	[ "$(ctl "$1" peers | jq '[.[] | select(.state == "ok")] | length')" = "$2" ]
}

# ovnet_start ID PATH PEERS IN OUT [FLAG...]: until it forwards to all peers.
ovnet_start() {
	local dir=$LAB_DIR/$1
	[ -d "$dir" ] || { mkdir "$dir" && ns_add "$1"; }
	ovnet_conf "$2" "$4" "$5" >"$dir/ovnet.conf"
	: >"$dir/log"
	ovnetd_start "$1" --config "$dir/ovnet.conf" "--dpdk-mbufs=$MBUFS" --host-device= "${@:6}"
	MEMBERS[$1]+=" $SPAWNED"
	ovnetd_wait "$1" 30
	within 30 "$3 peers are reached" ovnet_settled "$1" "$3"
}

# ovnet_counted ID [SECONDS]: with SECONDS, before and after them.
ovnet_counted() {
	local ports
	case ${PEER_PATH[$1]} in
	encap) ports="gen uplink0" ;;
	decap) ports="uplink0 gen" ;;
	pvp) ports="gen,uplink0 gen,uplink0" ;;
	esac
	# shellcheck disable=SC2086
	"$PEERS_DIR/ovnet_counted.py" "$LAB_DIR/$1/ctl.sock" $ports ${2:-}
}

ovnet_window() {
	ovnet_counted "$@"
}

ovnet_linked() {
	ctl "$1" ports | json 'all(.link)'
}

# ovnet_gate_mac ID: where the machines behind the attach port send to.
ovnet_gate_mac() {
	ctl "$1" ports | json '.[] | select(.name == "gen") | .mac'
}

# ovnet_lengths ID
ovnet_lengths() {
	ctl "$1" ports | json '.[] | "\({gen: "guest", uplink0: "uplink"}[.name]) \(.tx_bytes / .tx_packets)"'
}

# ovnet_dropped ID: for the reader of a failure.
ovnet_dropped() {
	ctl "$1" drops | jq -c '(.drops? // .)[] | select(.packets > 0) | {reason, packets}'
}

ovnet_halt() {
	:
}

ovnet_stop() {
	ovnetd_stop "$1"
}
