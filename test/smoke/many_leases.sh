#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two thousand leases come at once and go again: other peers lose nothing, and the control loop
# is never away for long.
. "$(dirname "$0")/lib.sh"

leases() { # leases put|del COUNT
	on etcd "$OVNET_ROOT/test/smoke/lib/leases.py" "$ETCD_IP:2379" "$PREFIX" "$1" "$2"
}
peers_are() {
	[ "$(ctl a status | jq .peers)" = "$1" ] &&
		[ "$(on a ip route show dev ovnet0 | wc -l)" = "$1" ]
}
# The longest answer in ms, asked all the time.
slowest() {
	local start took most=0
	while [ -e "$LAB_DIR/asking" ]; do
		start=$(now_us)
		ctl a workers >/dev/null
		took=$((($(now_us) - start) / 1000))
		[ "$took" -le "$most" ] || most=$took
	done
	echo "$most" >"$LAB_DIR/slowest"
}
lab_up
ovnet_host a
linux_host b
reach a b
in_pod a ping -q -n -i 0.01 -c 600 -W 1 "$(pod_ip b)" >"$LAB_DIR/ping" &
ping=$!
: >"$LAB_DIR/asking"
slowest &
leases put 2000
within 20 "2001 peers with their routes" peers_are 2001
leases del 2000
within 20 "one peer" peers_are 1
rm "$LAB_DIR/asking"
wait $! $ping || true
equal "answers to 600 pings" 600 "$(awk '/ received/ { print $4 }' "$LAB_DIR/ping")"
slow=$(<"$LAB_DIR/slowest")
[ -n "${OVNET_SLOW:-}" ] || expect "the slowest answer, $slow ms, within 150" [ "$slow" -le 150 ]
