#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A lease runs out while its daemon is stopped: the same subnet again if it is free, another one
# if somebody has it now, whose key is left alone; the others' traffic does not notice.
. "$(dirname "$0")/lib.sh"

peer_gone() {
	[ -z "$(ctl b peers | grep -F "$1")" ]
}

# while_stopped COMMAND...: a's daemon stops, its lease expires, COMMAND, it starts again.
while_stopped() {
	ovnetd_stop a
	lease_expire "$old"
	within 5 "b forgets a" peer_gone "$old"
	"$@"
	: >"$LAB_DIR/a/log"
	ovnetd_start a
	within 15 "a holds a lease" logged a "Lease acquired"
	ovnetd_wait a
}

CLUSTER_FLOW="b c"
cluster_lab
old=$(subnet a)
while_stopped true
equal "a's subnet" "$old" "$(subnet a)"
reach b a
reach c a

while_stopped lease_create "$old" "$(fake_value 200)"
expect "a has another subnet" [ "$(subnet a)" != "$old" ]
equal "the key of a's old subnet" "$(fake_value 200)" "$(lease_value "$old")"
equal "who has a's new one" "$(host_ip a)" "$(lease_value "$(subnet a)" | json .PublicIP)"
within 5 "b sees a there" eval '! peer_gone "$(subnet a)"'
flow_ends
tree_as_flannel
