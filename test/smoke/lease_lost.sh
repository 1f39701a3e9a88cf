#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Another node gets our subnet. keep: said loudly, packets still delivered, the key never
# overwritten, the same subnet claimed as soon as it is free. drain: packets for it are refused,
# another subnet is claimed.
# runs: asan
. "$(dirname "$0")/lib.sh"

health() {
	[ "$(ctl a status | jq -r .health)" = "$1" ]
}

# sent_from_b: five packets from b's pod for the pod that a had first.
sent_from_b() {
	on b "$OVNET_ROOT/test/smoke/lib/vxlan_send.py" --to "$(host_ip a)" --count 5 \
		--inner-mac "$mac" --inner-src "$(pod_ip b)" --inner-dst "$pod"
}

robber_named() {
	ctl a status | jq -e '.warnings | any(test("belongs to 10.168.0.200"))'
}

robbed() {
	etcdctl put "$(lease_key "$first")" "${value/$(host_ip a)/10.168.0.200}" >/dev/null
	within 5 "a says that it is degraded" health degraded
	within 5 "and why" robber_named
}

lab_up
ovnet_host a
linux_host b
reach a b
first=$(subnet a) pod=$(pod_ip a) mac=$(vtep_mac "$first") value=$(lease_value "$first")

robbed
sent_from_b
equal "packets refused while kept" 0 "$(drops a inner-dest)"
equal "subnet in subnet.env" "$first" "$(subnet a)"
equal "the key's value" "${value/$(host_ip a)/10.168.0.200}" "$(lease_value "$first")"
lease_delete "$first"
within 10 "a has its lease again" health ok
equal "the key's value" "$value" "$(lease_value "$first")"
reach a b

ovnetd_stop a
ovnetd_start a --on-lost=drain
ovnetd_wait a
etcdctl put "$(lease_key "$first")" "${value/$(host_ip a)/10.168.0.200}" >/dev/null
within 10 "a has another subnet" eval '[ "$(subnet a)" != "$first" ]'
within 5 "all is well with it" health ok
sent_from_b
within 3 "packets for the former subnet are refused" dropped a inner-dest 5
equal "the key's value" "${value/$(host_ip a)/10.168.0.200}" "$(lease_value "$first")"
