#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What a daemon that chooses for itself does not use: v3 through the JSON gateway, and the v2 API
# with the lease tree of flanneld up to v0.17. Leader killed, all killed, a member partitioned, a
# hundred nodes at once.
. "$(dirname "$0")/lib.sh"

[ -n "${OVNET_FULL:-}" ] || skip "takes four minutes: OVNET_FULL=1"
for way in LAB_ETCD_TRANSPORT=json LAB_ETCD_API=v2; do
	for t in leader_killed all_killed partition claimers; do
		say "---- cluster_$t, $way"
		env OVNET_FULL= $way "$OVNET_ROOT/test/smoke/cluster_$t.sh"
	done
done
