#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A hundred nodes start at once beside two that run, and the network is as good as full: each gets
# a subnet of its own, nobody's traffic notices.
. "$(dirname "$0")/lib.sh"

CLAIMERS=100
claim() {
	on fabric "$OVNET_BUILD/test/smoke/tools/claimers" "$LAB_ETCD_API" $CLAIMERS 10.168.0.100 \
		"$PREFIX" "$ETCD_URL" "$TLS/ca.crt" "$TLS/client.crt" "$TLS/client.key"
}
knows_all() {
	[ "$(ctl "$1" peers | jq length)" = $((CLAIMERS + 2)) ]
}

# 127 subnets, and one for each of 103 nodes.
cluster_up '{"Network":"10.5.0.0/16","SubnetLen":23,"Backend":{"Type":"vxlan"}}'
ovnet_host a
ovnet_host b
ovnet_host d
reach a b
reach b a
reach d a
flow_start a b
start=$(now_us)
claim >"$LAB_DIR/claimers" 2>&1 || fail "$(tail -n 3 "$LAB_DIR/claimers")"
say "$CLAIMERS nodes hold a lease and know each other after $(seconds_since "$start") s"
for h in a b d; do
	within 10 "$h knows all of them" knows_all $h
done
owners=$(lease_listing | json '[.leases[].value | fromjson.PublicIP] | unique | length')
equal "owners" $((CLAIMERS + 3)) "$owners"
equal "leases" "$owners" "$(lease_listing | json '.leases | length')"
flow_ends
tree_as_flannel
