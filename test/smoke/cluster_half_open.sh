#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The daemon's member vanishes without a word, as a machine does whose power fails: no packet says
# that the connection is dead. The daemon finds out by itself and goes to another member.
. "$(dirname "$0")/lib.sh"

[ -n "${OVNET_FULL:-}" ] || skip "takes a minute: OVNET_FULL=1"
cluster_lab
victim=$(endpoint a)
mapfile -t others < <(seq 3 | grep -v "${victim#m}")
ip -n "$LAB-fabric" link set dev "$victim" down
member_cut "$victim"
started=$(now_us)
etcd_choose "${others[@]}"
within 15 "the others have a quorum" fake_peer 200
for h in a b; do
	within 60 "$h sees the new lease" sees $h 200
	say "$h sees it $(seconds_since "$started") s after the end of $victim"
done
expect "a is at another member" [ "$(endpoint a)" != "$victim" ]
flow_ends
tree_as_flannel
