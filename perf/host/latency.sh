# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# shellcheck disable=SC2153
# How long a packet takes there and back: ping with nothing beside it and beside TCP at a steady rate,
# and a datagram that is answered by another one, each sent as soon as the former came back.

# pings CONTENDER: microseconds, one a line.
pings() {
	in_pod "$1-a" ping -n -c "$PINGS" -i 0.005 -W 1 "$(pod_ip "$1-b")" |
		sed -n 's/.* time=\([0-9.]*\) ms/\1/p' | awk '{ print $1 * 1000 }'
}

# percentiles: of the lines on stdin, as an object; and how many there were.
percentiles() {
	jq -sc 'sort | {n: length, p50: .[length * 50 / 100 | floor], p99: .[length * 99 / 100 | floor]}'
}

# latency_one CONTENDER OFFLOAD
latency_one() {
	local idle loaded answered load
	idle=$(pings "$1" | percentiles)
	answered=$(in_pod "$1-a" "$parts/answered.py" ask "$(pod_ip "$1-b")" 7100 "$ANSWERED_S") ||
		fail "$1, underlay offloads $2: datagrams are not answered"
	in_pod "$1-a" iperf3 -c "$(pod_ip "$1-b")" -t $((PINGS / 150 + 2)) -P 2 -b 400M \
		--connect-timeout 3000 >"$LAB_DIR/load" 2>&1 &
	load=$!
	sleep 0.5
	loaded=$(pings "$1" | percentiles)
	wait $load || fail "$1, underlay offloads $2: iperf3 says: $(tail -n 1 "$LAB_DIR/load")"
	jq -nc --arg contender "$1" --argjson offload "$2" --argjson idle "$idle" \
		--argjson loaded "$loaded" --argjson answered "$answered" \
		'{$contender, underlay_offload: $offload, $idle, $loaded, $answered}' \
		>>"$LAB_DIR/latency"
}

# latency OFFLOAD
latency() {
	local contender round n=$(((ROUNDS + 1) / 2))
	ANSWERED_S=$(((PINGS + 399) / 400))
	for contender in $CONTENDERS; do
		[ -e "$LAB_DIR/$contender-b/answers" ] ||
			spawn "$LAB_DIR/$contender-b/answers" ip netns exec "$LAB-$contender-b-pod" \
				"$parts/answered.py" answer 7100
	done
	for ((round = 1; round <= n; round++)); do
		progress "latency, underlay offloads $1, round $round of $n"
		for contender in $CONTENDERS; do
			latency_one "$contender" "$1"
		done
	done
}
