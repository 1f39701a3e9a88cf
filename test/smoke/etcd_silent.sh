#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# etcd's packets get lost instead of being refused: no packet of a pod does, no core is burned,
# and when the network is whole again the daemon follows the tree again.
. "$(dirname "$0")/lib.sh"

connected() {
	[ "$(ctl a status | jq .etcd.connected)" = "$1" ]
}

ticks() {
	awk '{ print $14 + $15 }' "/proc/$(ovnetd_pid a)/stat"
}

lab_up
ovnet_host a
linux_host b
reach a b
port_down etcd
before=$(ticks)
sleep 3
used=$(($(ticks) - before))
hz=$(getconf CLK_TCK)
expect "less than 5 % of a core, not $used of $((3 * hz)) ticks" \
	[ $((used * 100)) -lt $((3 * hz * 5)) ]
read -r got _ < <(ping_figures 100 0.01 in_pod a ping "$(pod_ip b)")
equal "answers to 100 pings" 100 "$got"
within 60 "the status says that etcd is away" connected false
port_up etcd
within 30 "the daemon reconnects" connected true
linux_host c
reach a c
