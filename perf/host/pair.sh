# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A contender is two hosts, CONTENDER-a and CONTENDER-b, with an underlay veth between them and a pod on
# each. Both contenders have the same addresses, leases, routes and MTU, as flannel gives them.
#
#   pod -- cni0 [ovnet-a]  eth0 ---- eth0 [ovnet-b]  cni0 -- pod
#   pod -- cni0 [kernel-a] eth0 ---- eth0 [kernel-b] cni0 -- pod

COPY_MB=16
declare -A SERVER=() # of each contender: the iperf3 that receives

leases_write() {
	cat >"$LAB_DIR/leases.json" <<-END
		{"config": {"Network": "10.5.0.0/16", "SubnetLen": 24, "Backend": {"Type": "vxlan"}},
		 "leases": {
		  "10.5.1.0-24": {"PublicIP": "10.168.0.1", "BackendType": "vxlan",
		   "BackendData": {"VNI": 1, "VtepMAC": "42:00:00:00:00:01"}},
		  "10.5.2.0-24": {"PublicIP": "10.168.0.2", "BackendType": "vxlan",
		   "BackendData": {"VNI": 1, "VtepMAC": "42:00:00:00:00:02"}}}}
	END
}

# host_make HOST KIND NUMBER
host_make() {
	mkdir "$LAB_DIR/$1"
	echo "$2" >"$LAB_DIR/$1/kind"
	echo "10.168.0.$3" >"$LAB_DIR/$1/ip"
	ns_add "$1"
	ns_forwards "$1"
}

# node_start HOST DRIVER
node_start() {
	cat >"$LAB_DIR/$1/ovnet.conf" <<-END
		registry = { type = "static"; file = "$LAB_DIR/leases.json"; };
		uplinks = ( { iface = "eth0"; driver = "$2"; } );
	END
	: >"$LAB_DIR/$1/log"
	ovnetd_start "$1" --config "$LAB_DIR/$1/ovnet.conf" --dpdk-mbufs=0
}

# ovnet_start DRIVER: until both forward.
ovnet_start() {
	node_start ovnet-a "$1"
	node_start ovnet-b "$1"
	ovnetd_wait ovnet-a 30
	ovnetd_wait ovnet-b 30
}

# uplink_driver: the one that is in use.
uplink_driver() {
	ctl ovnet-a ports | jq -r '.[] | select(.name == "eth0") | .kind'
}

# kernel_join HOST NUMBER
kernel_join() {
	local other=$((3 - $2))
	echo "42:00:00:00:00:0$2" >"$LAB_DIR/$1/mac"
	vxlan_devices "$1" $((LAB_MTU - 50))
	vxlan_addresses "$1" "$2"
	: >"$LAB_DIR/$1/peers"
	echo "10.5.$other.0/24 10.168.0.$other 42:00:00:00:00:0$other - - -" >"$LAB_DIR/$1/want"
	vxlan_sync "$1" "$LAB_DIR/$1/peers" "$LAB_DIR/$1/want"
	linux_subnet_env "$1" "$2" $((LAB_MTU - 50))
}

# pair_up CONTENDER
pair_up() {
	local c=$1 n side
	progress "two hosts, joined by $c"
	leases_write
	host_make "$c-a" "$c" 1
	host_make "$c-b" "$c" 2
	cable "$c-a" eth0 "$c-b" eth0
	for n in 1 2; do
		[ $n = 1 ] && side=$c-a || side=$c-b
		ip -n "$LAB-$side" addr add "10.168.0.$n/24" dev eth0
		[ "$c" = ovnet ] || kernel_join "$side" $n
	done
	[ "$c" = kernel ] || ovnet_start "$DRIVER"
	pod_add "$c-a"
	pod_add "$c-b"
	reach "$c-a" "$c-b"
	iperf_server "$c-b"
	SERVER[$c]=$SPAWNED
}

# features NS on|off: what a NIC does for the kernel, or does not. A program of XDP's at the other end
# refuses some of it.
features() {
	local f
	for f in tx sg tso gso; do
		on "$1" ethtool -K eth0 $f "$2" >/dev/null 2>&1 || true
	done
	[ "$2" = on ] || on "$1" ethtool -K eth0 gro off >/dev/null 2>&1 || true
}

# offload_set true|false: of all underlays.
offload_set() {
	local c state=off
	[ "$1" = false ] || state=on
	for c in $CONTENDERS; do
		features "$c-a" $state
		features "$c-b" $state
	done
}

# verify CONTENDER OFFLOAD: what arrives is what was sent.
verify() {
	progress "contents through $1, underlay offloads $2"
	expect "$COPY_MB MB arrive unchanged through $1, underlay offloads $2" tcp_copy "$1-a" "$1-b" $COPY_MB
	expect "$COPY_MB MB come back unchanged through $1, underlay offloads $2" tcp_copy "$1-b" "$1-a" $COPY_MB
}
