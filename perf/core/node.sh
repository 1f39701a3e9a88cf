# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# ovnetd with two ports of DPDK's and nothing else: leases from a file, no host device.

export LAB_IFACE=''
CORE_MB=448 # ovnetd, testpmd and a receiver for each
MBUFS=32768 # the generator alone keeps one for each of its frames
IN_MAC=02:70:63:61:70:00
OUT_MAC=02:00:00:00:00:02

# memif ROLE SOCKET [OPTION]: a ring between two processes.
memif() {
	echo "role=$1,socket-abstract=no,socket=$LAB_DIR/$2,rsize=12${3:+,$3}"
}

# node_conf PATH IN OUT: frames come in by one port and leave by the other one.
node_conf() {
	local attach=$2 uplink=$3
	[ "$1" = encap ] || attach=$3 uplink=$2
	cat <<-END
		registry = { type = "static"; file = "$LAB_DIR/leases.json"; };
		dpdk = { worker-cpus = "$WORKER_CPU"; mode = "$MODE";
		         hugepages = "$([ -z "$HUGE" ] && echo off || echo on)"; };
		uplinks = ( { devargs = "$uplink"; address = "172.31.0.1/24"; gateway = "172.31.0.254";
		              neighbours = ( { ip = "172.31.0.254"; mac = "06:00:00:00:00:fe"; } ); } );
		ports = ( { name = "gen"; driver = "dpdk"; devargs = "$attach";
		            addresses = "10.255.0.0/24"; mac = "02:00:00:00:00:01"; } );
	END
}

node_settled() {
	[ "$(ctl node peers | jq '[.[] | select(.state == "ok")] | length')" = "$1" ]
}

# node_start PATH PEERS IN OUT: until it forwards to all peers.
node_start() {
	local conf=$LAB_DIR/node/ovnet.conf
	node_conf "$1" "$3" "$4" >"$conf"
	: >"$LAB_DIR/node/log"
	ovnetd_start node --config "$conf" "--dpdk-mbufs=$MBUFS" --host-device=
	NODE_PID=$SPAWNED
	ovnetd_wait node 30
	within 30 "$2 peers are reached" node_settled "$2"
}

# node_ports PATH: names of the port frames come in by and of the other one.
node_ports() {
	[ "$1" = encap ] && echo "gen uplink0" || echo "uplink0 gen"
}

# node_counted PATH: see counted.py.
node_counted() {
	# shellcheck disable=SC2046
	"$core/counted.py" "$LAB_DIR/node/ctl.sock" $(node_ports "$1")
}
