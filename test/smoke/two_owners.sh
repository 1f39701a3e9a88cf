#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A peer sends from addresses of another peer's subnet: refused, and status names both.
. "$(dirname "$0")/lib.sh"

warns() {
	ctl a status | jq -r '.health, .warnings[]' | tr '\n' ' ' | grep -q "degraded.*$1"
}
# impostor INNER_SOURCE: b says so.
impostor() {
	on b "$OVNET_ROOT/test/smoke/lib/vxlan_send.py" --to "$(host_ip a)" --count 5 \
		--inner-mac "$(vtep_mac "$(subnet a)")" --inner-src "$1" --inner-dst "$(pod_ip a)"
}

lab_up
ovnet_host a
linux_host b
linux_host c
reach a b
reach a c
equal "health" ok "$(ctl a status | json .health)"
impostor "$(pod_ip c)"
within 8 "both peers" warns "peer at $(host_ip b) (subnet $(subnet b)) sends from $(pod_ip c), which is in $(subnet c), the subnet of the peer at $(host_ip c)"
impostor "$(address_plus "$(base a)" 9)"
within 8 "our own subnet" warns "peer at $(host_ip b) .*which is in our own subnet $(subnet a)"
impostor 192.0.2.7
within 8 "a stranger's address" warns "sends from 192.0.2.7, which no lease covers"
all_arrive a c 62
