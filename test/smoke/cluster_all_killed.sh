#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# All members of etcd die at once: the daemons say so and nothing is lost. They come back: the
# daemons do, too, and what changed before they could look is noticed, as is what comes later.
. "$(dirname "$0")/lib.sh"

cluster_lab
fake_peer 200
within 5 "a sees a lease" sees a 200
members_kill9
within 10 "a says that etcd is away" connected a false
within 10 "b says that etcd is away" connected b false
sleep 2
expect "a keeps the peer" sees a 200

# A daemon that cannot connect yet: changes behind its back, and no history of them.
host_cut a
members_start
cluster_wait
within 20 "b is back" connected b true
lease_expire 10.5.200.0/24
fake_peer 201
fake_moves 201 7
etcd_forgets
expect "a is still without etcd" connected a false
host_join a
for h in a b; do
	within 20 "$h is back" connected $h true
	within 5 "$h sees what came and changed" sees $h 201 7
	within 5 "$h sees what went" sees_not $h 200
done
lease_expire 10.5.201.0/24
within 5 "a sees what goes now" sees_not a 201
flow_ends
tree_as_flannel
