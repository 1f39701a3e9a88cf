#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The example of flannel's own configuration page: the Network is all of 10/8, leases come from a
# part of it, nodes and etcd are elsewhere in it. Only what may be leased is the overlay's; what the
# node needs of the underlay is left alone where it lies even in there.
. "$(dirname "$0")/lib.sh"

holes() {
	on a ip -4 route show type blackhole | awk '{ print $2 }' | paste -sd' '
}

holes_are() {
	[ "$(holes)" = "$1" ]
}

# holed ADDRESS: sending there is refused at once, by a blackhole.
holed() {
	! on a ping -c 1 -W 1 "$1" >/dev/null 2>&1 &&
		[ -z "$(on a ip -4 route get "$1" 2>/dev/null)" ]
}

reached() {
	on a ping -c 1 -W 2 "$1" >/dev/null
}

warned() {
	ctl a status | jq -e --arg re "$1" 'any(.warnings[]?; test($re))' >/dev/null
}

# A flanneld's node: the kernel's vxlan device, with a lease in the range.
linux_peer() {
	host_add b linux
	random_mac >"$LAB_DIR/b/mac"
	: >"$LAB_DIR/b/peers"
	vxlan_devices b 1450
	linux_watch
	lease_create 10.20.16.0/20 "$(linux_value b)"
	ip -n "$LAB-b" addr add 10.20.16.0/32 dev flannel.1
	printf 'FLANNEL_NETWORK=10.0.0.0/8\nFLANNEL_SUBNET=10.20.16.1/20\nFLANNEL_MTU=1450\n' \
		>"$LAB_DIR/b/subnet.env"
	pod_add b
}

RANGE='10.10.0.0/15 10.12.0.0/14 10.16.0.0/12 10.32.0.0/11 10.64.0.0/11 10.96.0.0/15 10.98.0.0/16 10.99.0.0/20'
lab_up '{"Network":"10.0.0.0/8","SubnetLen":20,"SubnetMin":"10.10.0.0","SubnetMax":"10.99.0.0","Backend":{"Type":"vxlan"}}'
# Other racks, behind the default gateway and behind a route of their own.
for ip in 10.200.0.1 10.50.0.1 10.50.0.2 10.60.0.1 10.60.9.9; do
	ip -n "$LAB-fabric" addr add "$ip/32" dev fab0
done
linux_peer
host_add a ovnet
on a ip route add 10.60.0.0/16 via "$LAB_GATEWAY"
# Containers' own network in the range, as wide as one of the blackholes: not the underlay.
on a ip link add docker0 type bridge
on a ip addr add 10.64.0.1/11 dev docker0
on a ip link set docker0 up
# Of a daemon that blackholed all of the Network.
on a ip route add blackhole 10.0.0.0/8 proto 111 metric 4278198272
ovnetd_start a
ovnetd_wait a
pod_add a

reach a b
reach b a
expect "the node of b is reached" reached "$(host_ip b)"
expect "etcd is reached" reached "$ETCD_IP"
expect "another rack is reached" reached 10.200.0.1
expect "a rack with a narrower route is reached" reached 10.60.9.9
equal "the blackholes" "$RANGE" "$(holes)"
for ip in 10.10.0.1 10.50.0.1 10.99.15.254; do
	expect "$ip, which nobody leases, is dropped" holed $ip
done
expect "10.99.16.1, beyond the range, is not" eval "! holed 10.99.16.1"
expect "no complaint" eval "! warned blackhole"
equal "refused leases" 0 "$(ctl a status | json .etcd.invalid)"

# The check that looks after routes knows each of them.
on a ip route del blackhole 10.32.0.0/11
within 25 "the blackhole is back" holes_are "$RANGE"

# Endpoints of etcd in the range, by address and by name, one of them behind a route of its own.
ovnetd_stop a
cp /etc/hosts "$LAB_DIR/hosts"
echo "10.50.0.1 etcd.lab.test" >>"$LAB_DIR/hosts"
printf '#!/bin/sh\nmount --bind "%s" /etc/hosts && exec "%s" "$@"\n' "$LAB_DIR/hosts" "$OVNETD" \
	>"$LAB_DIR/with_hosts"
chmod +x "$LAB_DIR/with_hosts"
OVNETD=$LAB_DIR/with_hosts ovnetd_start a \
	"--etcd-endpoints=$ETCD_URL,http://etcd.lab.test:2379,http://10.60.0.1:2379"
ovnetd_wait a
within 15 "a warning" warned '10\.60\.0\.1 .*etcd endpoint'
within 15 "a warning about the name's address" warned '10\.50\.0\.1 .*etcd endpoint'
expect "the endpoint is reached" reached 10.50.0.1
expect "its neighbour is dropped" holed 10.50.0.2
expect "the other endpoint is reached" reached 10.60.0.1
expect "so is the rest of its route's rack" reached 10.60.9.9
expect "what is beside it is dropped" holed 10.61.0.1
reach a b

# A bridge that a router is behind is the underlay's.
on a ip addr add 10.70.0.1/24 dev docker0
on a ip route add 192.0.2.0/24 via 10.70.0.254 dev docker0
within 25 "a warning about the bridge" warned '10\.64\.0\.1 .*an address of this node'
on a ip route del 192.0.2.0/24
on a ip addr del 10.70.0.1/24 dev docker0

# off removes them, on leaves nothing out; flannel's own flag says the first.
ovnetd_stop a
on a ip addr add 10.50.9.9/32 dev lo
ovnetd_start a --ip-blackhole-route=false
ovnetd_wait a
equal "blackholes with --ip-blackhole-route=false" "" "$(holes)"
expect "status warns all the same" warned '10\.50\.9\.9 .*an address of this node'
on a ip addr del 10.50.9.9/32 dev lo
within 25 "no longer than it is so" eval "! warned 10.50.9.9"
ovnetd_stop a
ovnetd_start a --host-blackhole=on "--etcd-endpoints=$ETCD_URL,http://10.50.0.1:2379"
ovnetd_wait a
equal "blackholes with host.blackhole = on" "$RANGE" "$(holes)"
expect "the endpoint is dropped" holed 10.50.0.1
expect "status says so" warned '10\.50\.0\.1 .*host.blackhole = on'

ovnetd_stop a
mapfile -t flags < <(ovnetd_flags a)
on a "$OVNETD" "${flags[@]}" --cleanup >"$LAB_DIR/cleanup"
equal "blackholes after --cleanup" "" "$(holes)"
equal "blackholes it told of" 8 "$(grep -c 'removed: blackhole' "$LAB_DIR/cleanup")"
