#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two daemons start at once and one subnet is left: one of them has it, the other waits and takes
# the next that comes free. Those who are there already do not notice.
. "$(dirname "$0")/lib.sh"

winner() {
	local h
	for h in a b; do
		! ovnetd_running $h || echo $h
	done
}
one_runs() {
	[ -n "$(winner)" ]
}

cluster_up '{"Network":"10.5.0.0/24","SubnetLen":27,"Backend":{"Type":"vxlan"}}'
ovnet_host x
ovnet_host y
for n in 32 64 96 128 160 192 224; do
	[ "$(etcdctl get --prefix --keys-only "$PREFIX/subnets/" | grep -c .)" -lt 6 ] || break
	lease_create "10.5.0.$n/27" "$(fake_value $n)" && spare=10.5.0.$n/27
done
reach x y
reach y x
flow_start x y
for h in a b; do
	host_add $h ovnet
	ovnetd_start $h
done
within 20 "one of the two has a subnet" one_runs
first=$(winner)
second=$(tr ab ba <<<"$first")
within 20 "the other says that there is none" logged "$second" "all 7 subnets of .* are leased"
equal "who runs" "$first" "$(winner)"
lease_expire "$spare"
ovnetd_wait "$second" 30
equal "its subnet" "$spare" "$(subnet "$second")"
equal "owners" 7 "$(lease_listing | json '[.leases[].value | fromjson.PublicIP] | unique | length')"
flow_ends
tree_as_flannel
