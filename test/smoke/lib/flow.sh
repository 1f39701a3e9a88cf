# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# 5,000 numbered packets per second from pod to pod while something happens elsewhere.

FLOW_RATE=5000
FLOWS=() # one way each: FROM TO SENDER RECEIVER PORT

flow_way() {
	local port=$((7000 + ${#FLOWS[@]})) flow=$OVNET_ROOT/test/smoke/lib/flow.py receiver
	rm -f "$LAB_DIR/flow.$port".*
	spawn "$LAB_DIR/flow.$port.in" ip netns exec "$LAB-$2-pod" "$flow" receive $port
	receiver=$SPAWNED
	within 5 "the flow's receiver listens" udp_bound "$2" $port
	spawn "$LAB_DIR/flow.$port.out" ip netns exec "$LAB-$1-pod" "$flow" send "$(pod_ip "$2")" \
		$port $FLOW_RATE
	FLOWS+=("$1 $2 $SPAWNED $receiver $port")
}

udp_bound() {
	[ -n "$(in_pod "$1" ss -Hlun "sport = :$2")" ]
}

# flow_start A B: both ways, until flow_ends. The pods have to reach each other already.
flow_start() {
	flow_way "$1" "$2"
	flow_way "$2" "$1"
}

# flow_stop: ends them all; one line of JSON each is in $LAB_DIR/flow.json.
flow_stop() {
	local way from to sender receiver port
	for way in "${FLOWS[@]}"; do
		read -r _ _ sender _ <<<"$way"
		end_process "$sender" 5 || true
	done
	sleep 0.3
	for way in "${FLOWS[@]}"; do
		read -r from to _ receiver port <<<"$way"
		end_process "$receiver" 5 || true
		jq -c --arg way "$from to $to" -s 'add | {way: $way, lost: (.sent - .distinct)} + .' \
			"$LAB_DIR/flow.$port.out" "$LAB_DIR/flow.$port.in"
	done >"$LAB_DIR/flow.json"
	FLOWS=()
}

# flow_ends: at the full rate to the end, and nothing lost, duplicated or reordered.
flow_ends() {
	flow_stop
	say "$(jq -r '"flow \(.way): \(.sent) sent in \(.seconds | floor) s, \(.lost) lost, " +
		"\(.duplicated) duplicated, \(.reordered) reordered, longest gap \(.gap_ms) ms"' \
		"$LAB_DIR/flow.json")"
	expect "nothing lost, duplicated or reordered" \
		jq -es 'all(.lost + .duplicated + .reordered == 0)' "$LAB_DIR/flow.json" >/dev/null
	expect "$FLOW_RATE packets per second" \
		jq -es --argjson r $FLOW_RATE 'all(.sent >= .seconds * $r * 0.9)' \
		"$LAB_DIR/flow.json" >/dev/null
}
