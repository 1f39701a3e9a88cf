#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two NICs of ovnetd's own as one uplink, by DPDK's bonding, packets in turn: the host's own traffic, by
# the twin, and the overlay's. This driver of DPDK's does not know when its cable is out.
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/nic.sh"

host_pings() {
	on a ping -n -c 1 -W 1 -M "do" -s 1472 "$(host_ip b)"
}

# sent DEVICE: packets.
sent() {
	on a cat "/sys/class/net/$1/statistics/tx_packets"
}

# DPDK's word for a NIC of a bond.
member=member
pkg-config --atleast-version=23.11 libdpdk || member=slave

lab_up
linux_host b
host_add a ovnet
cable a eth1 fabric a2
ip -n "$LAB-fabric" link set dev a2 master fab0
for dev in eth0 eth1; do
	nic_alone a $dev
done
cat >"$LAB_DIR/a/ovnet.conf" <<-END
	dpdk = { eal-args = "--vdev=net_af_packet0,iface=eth0 --vdev=net_af_packet1,iface=eth1"; };
	uplinks = ( { devargs = "net_bonding0,mode=0,$member=net_af_packet0,$member=net_af_packet1"; } );
END
ovnetd_start a --config "$LAB_DIR/a/ovnet.conf"
within 10 "the twin is there" twin_of a
twin_addresses a
ovnetd_wait a
pod_add a
within 20 "the host's own 1500 bytes" host_pings
within 20 "the overlay's largest packet" size_passes a b 4 1450 -M "do"
expect "TCP from a to b" tcp_copy a b 4
expect "TCP from b to a" tcp_copy b a 4
for dev in eth0 eth1; do
	expect "$dev sends its share: $(sent eth0) and $(sent eth1) packets" [ "$(sent $dev)" -gt 500 ]
done
all_arrive b a 62
