#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two thousand leases come at once and go again: other peers lose nothing, and the control loop
# is never away for long.
# runs: asan
. "$(dirname "$0")/lib.sh"

leases() { # leases put|del COUNT
	on etcd "$OVNET_ROOT/test/smoke/lib/leases.py" "$ETCD_IP:2379" "$PREFIX" "$1" "$2"
}
peers_are() {
	[ "$(ctl a status | jq .peers)" = "$1" ] &&
		[ "$(on a ip route show dev ovnet0 | wc -l)" = "$1" ]
}
# Asked all the time, it answers every time.
ask() {
	local n=0
	while [ -e "$LAB_DIR/asking" ]; do
		ctl a workers >/dev/null
		n=$((n + 1))
	done
	echo $n >"$LAB_DIR/answers"
}
lab_up
ovnet_host a
linux_host b
reach a b
in_pod a ping -q -n -i 0.01 -c 600 -W 1 "$(pod_ip b)" >"$LAB_DIR/ping" &
ping=$!
: >"$LAB_DIR/asking"
ask &
ask=$!
leases put 2000
within 60 "2001 peers with their routes" peers_are 2001
leases del 2000
within 60 "one peer" peers_are 1
rm "$LAB_DIR/asking"
expect "an answer to every question" wait $ask
expect "some questions" [ "$(<"$LAB_DIR/answers")" -gt 0 ]
wait $ping || true
equal "answers to 600 pings" 600 "$(awk '/ received/ { print $4 }' "$LAB_DIR/ping")"
# The daemon's own clock: how long a question takes is the machine's affair as well.
stall=$(ctl a status | json '.loop.stall_ms_max | ceil')
expect "the control loop's longest turn, $stall ms, within 150" [ "$stall" -le 150 ]
