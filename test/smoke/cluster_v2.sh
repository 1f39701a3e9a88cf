#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The lease tree in etcd's v2 API, for flanneld up to v0.17: leader killed, all killed, a member
# partitioned, as over v3.
. "$(dirname "$0")/lib.sh"

[ -n "${OVNET_FULL:-}" ] || skip "takes two minutes: OVNET_FULL=1"
for t in leader_killed all_killed partition; do
	say "---- cluster_$t"
	(
		trap - EXIT ERR
		LAB_ETCD_API=v2 OVNET_FULL='' exec "$OVNET_ROOT/test/smoke/cluster_$t.sh"
	)
done
