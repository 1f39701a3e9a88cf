#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# etcd is down, ovnetd is killed and started again: pods talk within seconds, by the snapshot. etcd
# comes back with one peer less and one more: reconciled, and no packet between others is lost.
# runs: asan
. "$(dirname "$0")/lib.sh"

# stale true|false, and a warning says so or not; a box without hugepages has one of its own.
stale() {
	[ "$(ctl a status | jq -c '[.etcd.stale, any(.warnings[]; test("by the snapshot"))]')" = \
		"[$1,$1]" ]
}
snapshot=$LAB_DIR/a/snapshot/leases.json

lab_up
ovnet_host a
linux_host b
linux_host c
reach a b
reach a c
within 10 "the snapshot has both peers" eval '[ "$(jq ".leases | length" "$snapshot")" = 2 ]'
equal "modes" "600 700" "$(stat -c %a "$snapshot") $(stat -c %a "${snapshot%/*}")"
first=$(subnet a) value=$(lease_value "$(subnet a)")

etcd_stop
ovnetd_kill9 a
rm "$LAB_DIR/a/subnet.env"
started=$(now_us)
ovnetd_start a
within 10 "traffic after the start" ping_once b a
say "traffic back $(seconds_since "$started") s after the start"
reach a c
ovnetd_wait a
equal "subnet" "$first" "$(subnet a)"
expect "status says that it is stale" stale true
equal "leases by source" '3 true' "$(ctl a leases | jq -r '"\(length) \(all(.stale))"')"

in_pod a ping -n -c 1500 -i 0.01 -W 1 "$(pod_ip b)" >"$LAB_DIR/ping" &
pinging=$!
etcd_start
lease_delete "$(subnet c)"
within 15 "fresh again" stale false
linux_host d
reach a d
within 5 "c is gone" eval '[ "$(ctl a peers | jq length)" = 2 ]'
equal "own lease" "$value" "$(lease_value "$first")"
wait $pinging
expect "1500 answers" grep -q "1500 received" "$LAB_DIR/ping"

# Somebody else may have written it: not used.
etcd_stop
ovnetd_stop a
chmod 644 "$snapshot"
ovnetd_start a
within 10 "why it is not used" logged a "somebody else may have written it"
equal "state" waiting-config "$(ctl a status | json .state)"
