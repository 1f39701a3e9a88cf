#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A node with a NIC of its own: a virtual machine whose NIC scripts/nic.sh takes from the kernel, for
# DPDK's driver in ovnetd: by vfio-pci behind an IOMMU, then by physical addresses with uio_pci_generic.
# Its peer is the kernel's vxlan. In the end the NIC is the kernel's again, with all it had.
. "$(dirname "$0")/lib.sh"
for part in guest node; do
	. "$OVNET_ROOT/test/smoke/lib/$part.sh"
done

NIC=0000:01:00.0 # in its only slot

# What the operator has on the NIC: addresses, metrics, a source, a table, a gateway by force.
everything() {
	cat <<-END
		ip link set eth0 mtu 1496
		ip addr add 192.0.2.9/28 brd + dev eth0 noprefixroute
		ip addr add fd00:168::99/64 dev eth0 nodad
		ip route add 198.51.100.0/24 via 10.168.0.250 src 192.0.2.9 metric 77 mtu 1400 dev eth0
		ip route add 203.0.113.0/24 via 192.0.2.200 dev eth0 onlink table 100
		ip route add fd99::/64 via fd00:168::1 dev eth0 metric 9
		ip neigh add 10.168.0.250 lladdr 02:00:00:00:02:50 nud permanent dev eth0
	END
}

# What there is of it now, where the kernel's own order does not matter.
all_of() {
	node g 20 "cat /sys/class/net/$1/{mtu,address}
		for what in 'addr show' 'neigh show nud permanent' '-4 route show table all' '-6 route show table all'; do
			ip -o \$what dev $1 | grep -v fe80 | sed 's/^[0-9]*: //; s/$1//g; s/ linkdown//; s/ valid_lft.*//' | sort
		done"
}

# static_config: the guest finds etcd only by the NIC it is about to take.
static_config() {
	local mine=10.5.200.0/24 mac value
	mac=$(random_mac)
	value=$(printf '{"PublicIP":"%s","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"%s"}}' \
		"$(host_ip g)" "$mac")
	lease_create $mine "$value"
	jq -n --arg a "$(lease_value "$(subnet b)")" --arg k "$(subnet b | tr / -)" --arg m ${mine/\//-} --arg v "$value" \
		'{config: {Network: "10.5.0.0/16", Backend: {Type: "vxlan"}},
		  leases: {($k): ($a | fromjson), ($m): ($v | fromjson)}}' >"$LAB_DIR/leases.json"
	cat >"$LAB_DIR/g/ovnet.conf" <<-END
		registry = { type = "static"; file = "/tmp/leases.json"; };
		dpdk = { mbufs = 8192; };
		host = { forward-rules = false; };
		uplinks = ( { devargs = "$NIC"; address = "$(host_ip g)/24";
		              neighbours = ( { ip = "$(host_ip b)"; mac = "$(on b cat /sys/class/net/eth0/address)"; } ); } );
	END
	# Nobody answers ARP there.
	ip -n "$LAB-b" neigh replace "$(host_ip g)" lladdr "$(node g 5 'cat /sys/class/net/eth0/address')" \
		nud permanent dev eth0
	node_file g "$LAB_DIR/leases.json" /tmp/leases.json
	node_file g "$LAB_DIR/g/ovnet.conf" /tmp/ovnet.conf
	node_file g "$OVNET_ROOT/test/guest/start" /tmp/start
}

overlay_works() {
	local got
	within 20 "the guest's address in the overlay answers" in_pod b ping -n -c 1 -W 1 10.5.200.0
	expect "ping from the guest into the overlay" node g 20 "ping -c 3 $(pod_ip b)" >/dev/null
	got=$(in_pod b timeout 20 nc -N 10.5.200.0 7777 <"$LAB_DIR/sent" | sha256sum)
	equal "TCP to the guest by the overlay and back" "$(sha256sum <"$LAB_DIR/sent")" "$got"
}

lab_up
linux_host b
node_boot g
head -c 1M /dev/urandom >"$LAB_DIR/sent"
node g 20 "$(everything)"
static_config
all_of eth0 >"$LAB_DIR/before"
node g 10 "nc -ll -p 7777 -e cat >/dev/null 2>&1 &"

for driver in vfio-pci uio_pci_generic; do
	node g 90 "nic.sh take eth0 --driver $driver --no-twin -- bash /tmp/start"
	equal "driver" $driver "$(node g 5 "basename \$(readlink /sys/bus/pci/devices/$NIC/driver)")"
	overlay_works
	expect "NIC given while ovnetd has it: refused" node g 20 "! nic.sh give $NIC"
	node g 30 "kill -9 \$(pidof ovnetd); bash /tmp/start"
	overlay_works
	node g 30 "kill -9 \$(pidof ovnetd); nic.sh give $NIC && nic.sh give $NIC"
	within 5 "eth0 has what it had" eval 'all_of eth0 >"$LAB_DIR/after" && cmp "$LAB_DIR/before" "$LAB_DIR/after"'
	expect "the guest by the kernel's own driver" on b ping -n -c 1 -W 5 "$(host_ip g)"
done
