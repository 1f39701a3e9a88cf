#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A VLAN on a bond of two NICs as a shared uplink, by the kernel's sockets and by AF_XDP: the overlay and
# the host's own, with the NICs out in turn. A virtual machine, as its kernel has VLANs and bonds; its
# peer, in that VLAN by a switch that takes tags off, is the kernel's vxlan.
# runs: long
. "$(dirname "$0")/lib.sh"
for part in guest node; do
	. "$OVNET_ROOT/test/smoke/lib/$part.sh"
done

VLAN=100
# shellcheck disable=SC2034
NODE_SECOND="tap,id=n1,ifname=g2,script=no,downscript=no"

# A switch of trunk ports, one of which is the VLAN's on fab0.
trunks_up() {
	ip -n "$LAB-fabric" link add trunks type bridge forward_delay 0 mcast_snooping 0
	ip -n "$LAB-fabric" link set dev trunks up
	cable fabric trunk fabric trunks0
	cable fabric access fabric fab1
	ip -n "$LAB-fabric" link set dev trunks0 master trunks
	ip -n "$LAB-fabric" link set dev fab1 master fab0
	on fabric sysctl -qw net.ipv6.conf.trunk.disable_ipv6=1 net.ipv6.conf.access.disable_ipv6=1
	ip -n "$LAB-fabric" tuntap add dev g2 mode tap
	ip -n "$LAB-fabric" link set dev g2 master trunks up
	spawn "$LAB_DIR/trunk.log" ip netns exec "$LAB-fabric" "$OVNET_ROOT/test/smoke/lib/trunk.py" trunk access $VLAN
}

bond_up() {
	ip -n "$LAB-fabric" link set dev g master trunks
	node g 60 "ip addr flush dev eth0
		# The module makes a bond0 of its own, of another mode.
		ip link add pair0 type bond mode active-backup miimon 20
		for nic in eth0 eth1; do
			ip link set \$nic down
			ethtool -K \$nic tx off tso off gso off >/dev/null 2>&1
			# The emulated NIC would filter by its own MAC address.
			ip link set \$nic promisc on
			ip link set \$nic master pair0
		done
		ip link set pair0 up
		ip link add link pair0 name pair0.$VLAN type vlan id $VLAN
		ip link set pair0.$VLAN up
		ip addr add $(host_ip g)/24 dev pair0.$VLAN
		ip route add default via $LAB_GATEWAY"
}

start() { # start DRIVER: the guest's subnet is known behind it
	node_file g <(cat <<-END
		etcd = { endpoints = "$ETCD_URL"; prefix = "$PREFIX"; };
		dpdk = { mbufs = 8192; };
		host = { forward-rules = false; };
		uplinks = ( { iface = "pair0.$VLAN"; driver = "$1"; } );
	END
	) /tmp/ovnet.conf
	node g 150 "bash /tmp/start"
	inner=$(node g 60 'sed -n "s/^FLANNEL_SUBNET=//p" /run/flannel/subnet.env')
	inner=${inner%.*}.0
}

# tcp_echo NAMESPACE ADDRESS WHEN: a megabyte there and back.
tcp_echo() {
	local got
	got=$(on "$1" timeout 60 nc -N "$2" 7777 <"$LAB_DIR/sent" | sha256sum)
	equal "TCP from $1 to $2 and back $3" "$(sha256sum <"$LAB_DIR/sent")" "$got"
}

works() { # works WHEN
	within 30 "the guest's address in the overlay answers $1" in_pod b ping -n -c 1 -W 1 "$inner"
	node g 60 "ping -c 3 $(pod_ip b)" >/dev/null
	tcp_echo b "$(host_ip g)" "$1"
	tcp_echo b-pod "$inner" "$1"
}

lab_up
linux_host b
trunks_up
node_boot g
bond_up
within 20 "the guest by its VLAN" on b ping -n -c 1 -W 1 "$(host_ip g)"
head -c 1M /dev/urandom >"$LAB_DIR/sent"
node_file g "$OVNET_ROOT/test/guest/start" /tmp/start
node g 60 "nc -ll -p 7777 -e cat >/dev/null 2>&1 &"
for driver in socket af_xdp; do
	start $driver
	equal "kind of the uplink" $driver "$(node g 60 'ovnetctl --json ports' |
		jq -r ".[] | select(.name == \"pair0.$VLAN\").kind")"
	works "by $driver"
	for nic in eth0 eth1; do
		node g 60 "ip link set $nic down"
		works "by $driver, without $nic"
		node g 60 "ip link set $nic up"
	done
	node g 60 "kill \$(pidof ovnetd); while pidof ovnetd >/dev/null; do sleep 0.2; done"
done
