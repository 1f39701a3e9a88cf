#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A host with the addresses of a load balancer: it may send into the overlay from the last one as
# from the first, and from those that come and go.
. "$(dirname "$0")/lib.sh"

# from ADDRESS: packets of a to b's pod that left for b; nobody has a way back.
from() {
	local before
	before=$(tx)
	on a ping -c 2 -i 0.2 -W 1 -I "$1" "$(pod_ip b)" >/dev/null 2>&1 || true
	[ $(($(tx) - before)) -ge 2 ]
}

tx() {
	ctl a peers | jq '[.[].tx_packets] | add'
}

lab_up
ovnet_host a
linux_host b
reach a b
for i in 1 2 3; do
	printf "addr add 172.20.$i.%d/32 dev lo\n" {1..250}
done >"$LAB_DIR/addrs"
ip -n "$LAB-a" -batch "$LAB_DIR/addrs"
within 10 "packets from the first pass" from 172.20.1.1
within 10 "packets from the last pass" from 172.20.3.250
equal "refused ones" 0 "$(drops a foreign-source)"
ip -n "$LAB-a" addr flush dev lo to 172.20.3.0/24
ip -n "$LAB-a" addr add 172.20.3.250/32 dev lo
within 10 "an address that comes back passes" from 172.20.3.250
reach a b
