#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# An uplink without a kernel device (any DPDK devargs): address and neighbours come from the
# configuration, or a neighbour's MAC from the static registry. Others' packets are not taken.
# runs: asan
. "$(dirname "$0")/lib.sh"

mac_of() {
	on "$1" cat /sys/class/net/eth0/address
}

# config NEIGHBOURS: DPDK's own AF_PACKET driver stands for a NIC the kernel does not have.
config() {
	cat >"$LAB_DIR/a/ovnet.conf" <<-END
		uplinks = ( { devargs = "net_af_packet0,iface=eth0"; address = "$(host_ip a)/24";
		              neighbours = ( $1 ); } );
	END
}

lab_up
linux_host b
host_add a ovnet
config "{ ip = \"$(host_ip b)\"; mac = \"$(mac_of b)\"; }"
ovnetd_start a --config "$LAB_DIR/a/ovnet.conf"
ovnetd_wait a
pod_add a
reach a b
all_arrive b a 62
equal "kind of the uplink" dpdk "$(ctl a ports | json '.[] | select(.role == "uplink") | .kind')"
equal "next hop of b" "$(mac_of b)" "$(ctl a peers | json '.[0].mac')"
expect "what is not the overlay's is refused by reason" [ "$(drops a not-overlay)" -gt 0 ]

ovnetd_stop a
config ""
jq -n --arg a "$(lease_value "$(subnet a)")" --arg b "$(lease_value "$(subnet b)")" \
	--arg ka "$(subnet a | tr / -)" --arg kb "$(subnet b | tr / -)" --arg mac "$(mac_of b)" \
	'{config: {Network: "10.5.0.0/16", Backend: {Type: "vxlan"}},
	  leases: {($ka): ($a | fromjson), ($kb): ($b | fromjson + {NextHopMAC: $mac})}}' \
	>"$LAB_DIR/leases.json"
ovnetd_start a --config "$LAB_DIR/a/ovnet.conf" --registry-type=static \
	"--registry-file=$LAB_DIR/leases.json"
ovnetd_wait a
reach b a
all_arrive a b 62
