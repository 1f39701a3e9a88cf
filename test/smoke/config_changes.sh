#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The network config changes, breaks and goes while the daemon runs: it says so and forwards as
# before. As it was, all is well again; a change holds from the next start on.
# runs: asan
. "$(dirname "$0")/lib.sh"

warns() {
	ctl a status | jq -r '.health, .warnings[]' | tr '\n' ' ' | grep -q "degraded.*$1"
}
well() {
	[ "$(ctl a status | jq -r .health)" = ok ]
}

lab_up
ovnet_host a
linux_host b
reach a b
first=$(subnet a)
netconf '{"Network":"10.5.0.0/16","SubnetLen":24,"Backend":{"Type":"vxlan","VNI":9}}'
within 5 "what changed" warns "VNI 1 -> 9"
netconf '{"Network":"10.9.0.0/16","Backend":{"Type":"vxlan"}}'
within 5 "what changed, and that our subnet no longer fits" warns \
	"$first no longer fits.*Network 10.5.0.0/16 -> 10.9.0.0/16"
netconf '{"Network":'
within 5 "that it is broken" warns "was broken"
etcdctl del "$PREFIX/config" >/dev/null
within 5 "that it is gone" warns "was deleted"
all_arrive a b 62
netconf "$NETCONF"
within 5 "no warning" well
equal "subnet" "$first" "$(subnet a)"

netconf '{"Network":"10.9.0.0/16","Backend":{"Type":"vxlan"}}'
within 5 "what changed" warns "10.9.0.0"
ovnetd_stop a
ovnetd_start a
within 10 "a subnet of the new network" eval '[[ "$(subnet a)" = 10.9.* ]]'
within 5 "no warning" well
