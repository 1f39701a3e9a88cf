#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Leases from a file: two ovnet hosts and a kernel peer without any etcd; a peer that is added to
# the file or taken from it comes and goes while the daemons run.
# runs: asan
. "$(dirname "$0")/lib.sh"

# registry HOST...: the file for these; host number N has subnet 10.5.N.0/24.
registry() {
	local h n
	for h in "$@"; do
		n=$(host_ip "$h" | cut -d . -f 4)
		jq -n --arg key "10.5.$n.0-24" --arg ip "$(host_ip "$h")" --arg mac "02:00:00:00:00:$n" \
			'{($key): {PublicIP: $ip, BackendType: "vxlan", BackendData: {VtepMAC: $mac}}}'
	done | jq -s '{config: {Network: "10.5.0.0/16", Backend: {Type: "vxlan"}}, leases: add}' \
		>"$LAB_DIR/new.json"
	mv "$LAB_DIR/new.json" "$LAB_DIR/leases.json"
}

lab_up
for h in a b; do
	host_add "$h" ovnet
done
registry a
for h in a b; do
	ovnetd_start "$h" --registry-type=static "--registry-file=$LAB_DIR/leases.json"
done
ovnetd_wait a
within 5 "b says what is missing" logged b "put the lease of this node there"
registry a b
ovnetd_wait b
for h in a b; do
	pod_add "$h"
	equal "subnet of $h" "10.5.$(host_ip $h | cut -d . -f 4).0/24" "$(subnet $h)"
done
reach a b
all_arrive b a 62
equal "leases in etcd" 0 "$(etcd_tree | grep -c subnets || true)"
registry b
within 5 "a's lease is gone from b" eval '[ "$(ctl b peers | jq length)" = 0 ]'
registry a b
reach b a
