#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Pods on ovnet hosts and on stock flannel hosts reach each other both ways, with the TTL that
# two forwarding hosts leave, and nothing is dropped on the way.
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a
ovnet_host b
linux_host c

for from in a b c; do
	for to in a b c; do
		[ $from != $to ] || continue
		reach $from $to
		all_arrive $from $to 62
	done
done
for reason in no-peer unknown-peer inner-source inner-mac tx-full; do
	equal "packets dropped on a as $reason" 0 "$(drops a $reason)"
done
