#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# etcd's leader is killed with -9, and so is the member the daemon is at: changes arrive through
# another one, nothing is lost. They come back: changes arrive still.
. "$(dirname "$0")/lib.sh"

cluster_lab
for who in leader "endpoint a"; do
	victim=$($who)
	say "killing $victim; a is at $(endpoint a), b at $(endpoint b), $(leader) leads"
	member_kill9 "$victim"
	cluster_wait
	fake_peer 200
	within 10 "a sees a new lease" sees a 200
	within 10 "b sees a new lease" sees b 200
	expect "a is not at the dead member" [ "$(endpoint a)" != "$victim" ]
	member_start "$victim"
	cluster_wait
	lease_expire 10.5.200.0/24
	within 10 "a sees it go" sees_not a 200
	within 10 "b sees it go" sees_not b 200
done
flow_ends
tree_as_flannel
