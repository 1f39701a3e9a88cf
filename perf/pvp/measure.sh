# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Contenders in turn, on one CPU, each with a guest of its own on another one: who is not measured stands
# still, with its guest.

# contenders_start PORT SIZE PEERS: ovnet first, whose port all guests send to: a bridge takes any.
contenders_start() {
	local uplink="net_pcap0,rx_pcap=$LAB_DIR/uplink.pcap,infinite_rx=1" id
	for id in $CONTENDERS; do
		peer_start "$id" pvp "$3" "$(guest_port "$id" "$1")" "$uplink"
		[ "$id" != ovnet ] || guest_frames "$id" "$2" "$3"
		guest_start "$id" "$1"
		sleep "$WARM"
		stand_still "$id"
	done
}

# DPDK's memif unmaps the rings when the other end goes, also under who just reads them: both have
# stopped before.
contenders_stop() {
	local id
	for id in $CONTENDERS; do
		go_on "$id"
		pmd_halt "guest_$id"
		peer halt "$id"
		peer stop "$id"
		pmd_stop "guest_$id"
		rm -f "$(guest_socket "$id")"
	done
}

# between BEFORE AFTER: what a contender counted, as one object. What was received and did not leave
# found the guest's ring full.
between() {
	awk -v a="$1" -v b="$2" -v hz="$TSC_HZ" 'BEGIN {
		split(a, x); split(b, y)
		for (i = 1; i <= 6; i++)
			d[i] = y[i] - x[i]
		if (d[1] <= 0 || d[2] <= 0 || d[3] <= 0)
			exit 1
		printf "{\"mpps\": %.6f, \"cycles\": %.3f, \"busy_cycles\": %.3f, \"lost\": %.6f,",
			d[3] / d[1], d[5] / d[2], d[5] / d[3], 1 - d[3] / d[2]
		printf "\"busy\": %.4f, \"drops\": %d}", d[5] / (d[1] * hz / 1e6), d[6]
	}'
}

# turn ID PORT SIZE PEERS ROUND
turn() {
	local before after figures where="$1, $2, size $3, $4 peers"
	go_on "$1"
	sleep "$SETTLE"
	{
		read -r before
		read -r after
	} < <(peer_window "$1" "$WINDOW")
	figures=$(between "$before" "$after") ||
		fail "$where: nothing came through ($before; $after)"
	plausible "$1" "$figures" "$where"
	stand_still "$1"
	jq -nc --arg contender "$1" --arg port "$2" --arg size "$3" --argjson peers "$4" \
		--argjson round "$5" --argjson figures "$figures" \
		'{$port, $size, $peers, $contender, $round} + $figures' >>"$LAB_DIR/turns"
}

# plausible ID FIGURES WHERE: what is measured does what was verified.
plausible() {
	local side mean due
	jq -e '.drops == 0' >/dev/null <<<"$2" ||
		fail "$3: $(jq .drops <<<"$2") packets were dropped; all so far: $(peer dropped "$1")"
	while read -r side mean; do
		due=$UPLINK_BYTES
		[ "$side" = uplink ] || due=$GUEST_BYTES
		awk -v a="$mean" -v b="$due" 'BEGIN { d = a / b - 1; exit d > 0.01 || d < -0.01 }' ||
			fail "$3: frames of $mean bytes left to the $side, of $due are due"
	done < <(peer lengths "$1")
}

# measure PORT SIZE PEERS
measure() {
	local id round
	contenders_start "$@"
	for ((round = 1; round <= ROUNDS; round++)); do
		progress "$@" "round $round of $ROUNDS"
		for id in $CONTENDERS; do
			turn "$id" "$@" "$round"
		done
	done
	contenders_stop
}
