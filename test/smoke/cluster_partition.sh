#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The member the daemon is at loses the other members; its client port stays open and its old
# data readable: the daemon moves to the majority and sees what is written there.
. "$(dirname "$0")/lib.sh"

moved() {
	[ "$(endpoint a)" != "$1" ] && connected a true
}

# The member sends signs of life on watches all the while.
export ETCD_EXPERIMENTAL_WATCH_PROGRESS_NOTIFY_INTERVAL=1s
limit=30
cluster_lab
for n in 200 ${OVNET_FULL:+201 202}; do
	victim=$(endpoint a)
	mapfile -t others < <(seq 3 | grep -v "${victim#m}")
	say "cutting $victim off, where a is; b is at $(endpoint b), $(leader) leads"
	member_cut "$victim"
	started=$(now_us)
	etcd_choose "${victim#m}"
	expect "$victim shows its old data" etcdctl get --consistency=s "$PREFIX/config" >/dev/null
	etcd_choose "${others[@]}"
	within 10 "the others have a quorum" fake_peer "$n"
	within $limit "a moves away from $victim" moved "$victim"
	for h in a b; do
		within $limit "$h sees the new lease" sees "$h" "$n"
	done
	say "a and b see it $(seconds_since "$started") s after the cut"
	member_join "$victim"
	etcd_choose "${victim#m}"
	within 20 "$victim is back" etcdctl get "$PREFIX/config"
	etcd_choose
	lease_expire "10.5.$n.0/24"
	within 5 "a sees it go" sees_not a "$n"
done
flow_ends
tree_as_flannel
