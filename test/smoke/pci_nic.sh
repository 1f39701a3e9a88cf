#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A node with a NIC of its own: a virtual machine whose NIC scripts/nic.sh takes from the kernel, for
# DPDK's driver in ovnetd: by vfio-pci behind an IOMMU, then by physical addresses with uio_pci_generic.
# etcd and its operator are reached by the NIC's twin, its peer is the kernel's vxlan. One TCP session of
# the operator's lasts through all of it, kill -9 included. In the end the NIC is the kernel's, with all
# it had.
# runs: long
. "$(dirname "$0")/lib.sh"
for part in guest node; do
	. "$OVNET_ROOT/test/smoke/lib/$part.sh"
done

NIC=0000:01:00.0 OTHER=0000:02:00.0

# What is on it beside the address: metrics, a source, a table, a gateway by force.
dress() {
	node g 60 "ip link set eth0 mtu 1496
		ip addr add 192.0.2.9/28 brd + dev eth0 noprefixroute
		ip addr add fd00:168::99/64 dev eth0 nodad
		ip route add 198.51.100.0/24 via 10.168.0.250 src 192.0.2.9 metric 77 mtu 1400 dev eth0
		ip route add 203.0.113.0/24 via 192.0.2.200 dev eth0 onlink table 100
		ip route add fd99::/64 via fd00:168::1 dev eth0 metric 9
		ip neigh add 10.168.0.250 lladdr 02:00:00:00:02:50 nud permanent dev eth0"
}

# worn DEVICE: what of it is there, in an order of its own.
worn() {
	node g 60 "cat /sys/class/net/$1/{mtu,address}
		ip -o addr show dev $1
		ip -o neigh show dev $1 nud permanent
		ip -4 -o route show dev $1 table all
		ip -6 -o route show dev $1 table all" |
		sed "s/^[0-9]*: //; s/$1//g; s/ linkdown//; s/ valid_lft.*//; /fe80/d" | sort
}

wears() {
	worn "$1" >"$LAB_DIR/worn" && diff "$LAB_DIR/dressed" "$LAB_DIR/worn" >"$LAB_DIR/worn.diff"
}

# The operator's TCP session, a line each way.
session_open() {
	# shellcheck disable=SC2016
	coproc SESSION { OVNET_LAB=$LAB exec ip netns exec "$LAB-b" bash -c 'exec 5<>"/dev/tcp/$0/7777" &&
		while read -r line; do
			echo "$line" >&5 && read -r -t 60 line <&5 && echo "$line"
		done' "$(host_ip g)"; }
}

session_lasts() {
	local word=$RANDOM back=''
	echo $word >&"${SESSION[1]}"
	read -r -t 90 back <&"${SESSION[0]}" || true
	equal "what comes back by the operator's TCP session $1" $word "$back"
}

# tcp_echo NAMESPACE ADDRESS: a megabyte there and back.
tcp_echo() {
	local got
	got=$(on "$1" timeout 60 nc -N "$2" 7777 <"$LAB_DIR/sent" | sha256sum)
	equal "TCP from $1 to $2 and back" "$(sha256sum <"$LAB_DIR/sent")" "$got"
}

guest_subnet() {
	node g 60 'sed -n "s/^FLANNEL_SUBNET=//p" /run/flannel/subnet.env'
}

works() {
	session_lasts "$1"
	tcp_echo b "$(host_ip g)"
	within 30 "the guest's address in the overlay answers" in_pod b ping -n -c 1 -W 1 "$inner"
	node g 60 "ping -c 3 -i 0.2 $(pod_ip b)" >/dev/null
	tcp_echo b-pod "$inner"
}

# Another one, that the configuration does not name: it is nobody's until it is added.
added() {
	node g 60 "nic.sh take $OTHER --no-twin
		ovnetctl port add other driver=dpdk devargs=$OTHER addresses=${inner%.*}.77"
	equal "kind of the port on a NIC that is added" dpdk \
		"$(node g 60 'ovnetctl --json ports' | jq -r '.[] | select(.name == "other") | .kind')"
	node g 60 "ovnetctl port del other && nic.sh give $OTHER"
}

lab_up
linux_host b
node_boot g
head -c 1M /dev/urandom >"$LAB_DIR/sent"
dress
worn eth0 >"$LAB_DIR/dressed"
cat >"$LAB_DIR/g/ovnet.conf" <<-END
	etcd = { endpoints = "$ETCD_URL"; prefix = "$PREFIX"; };
	dpdk = { mbufs = 8192; };
	host = { forward-rules = false; };
	uplinks = ( { pci = "$NIC"; } );
END
node_file g "$LAB_DIR/g/ovnet.conf" /tmp/ovnet.conf
node g 60 "nc -ll -p 7777 -e cat >/dev/null 2>&1 &"
session_open
session_lasts "before"

for driver in vfio-pci uio_pci_generic; do
	node g 150 "nic.sh take eth0 --driver $driver -- bash /test/start"
	equal "driver" $driver "$(node g 60 "basename \$(readlink /sys/bus/pci/devices/$NIC/driver)")"
	inner=$(guest_subnet)
	inner=${inner%.*}.0
	retry 30 wears ovnet-uplink0 || fail "the twin has not what eth0 had: $(<"$LAB_DIR/worn.diff")"
	works "with $driver"
	[ $driver != vfio-pci ] || added
	node g 60 "! nic.sh give $NIC"
	node g 60 "pid=\$(pidof ovnetd); kill -9 \$pid; while kill -0 \$pid 2>/dev/null; do sleep 0.1; done; bash /test/start"
	works "behind kill -9"
	node g 60 "kill -9 \$(pidof ovnetd); nic.sh give $NIC && nic.sh give $NIC"
	retry 30 wears eth0 || fail "eth0 has not what it had: $(<"$LAB_DIR/worn.diff")"
	session_lasts "by the kernel's own driver"
done
