# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Contenders in turn, on one CPU, each with its own generator and receiver: who is not measured stands
# still.

RECEIVER_MB=64

# sink CONTENDER SINK: its devargs.
sink_devargs() {
	if [ "$2" = null ]; then
		echo "net_null0,no-rx=1"
	else
		echo "net_memif0,$(memif server "$1.sock" "mac=$OUT_MAC")"
	fi
}

# receiver CONTENDER SINK: memif's other end, which copies each frame out of the ring.
receiver_start() {
	local queues
	[ "$2" = memif ] || return 0
	queues=$(peer_queues "$1")
	pmd_start "receiver_$1" "$OTHER_CPU" $RECEIVER_MB "net_memif0,$(memif client "$1.sock")" \
		-- --forward-mode=rxonly --total-num-mbufs=8192 "--rxq=$queues" "--txq=$queues"
	within 20 "memif connects" pmd_links_up "receiver_$1"
	pmd_go "receiver_$1"
	MEMBERS[$1]+=" $SPAWNED"
}

# contenders_start PATH PEERS SINK: ovs runs for some time, too, to fill its caches.
contenders_start() {
	local generator="net_pcap0,rx_pcap=$LAB_DIR/in.pcap,infinite_rx=1" id
	for id in $CONTENDERS; do
		peer_start "$id" "$1" "$2" "$generator" "$(sink_devargs "$id" "$3")"
		receiver_start "$id" "$3"
		[[ $id != ovs-* ]] || sleep "$WARM"
		stand_still "$id"
	done
}

# DPDK's memif unmaps the rings when the other end goes, also under who just reads them: whoever
# loses its other end has stopped before.
contenders_stop() {
	local id
	for id in $CONTENDERS; do
		go_on "$id"
		peer halt "$id"
		[ "$1" = null ] || pmd_halt "receiver_$id"
		peer stop "$id"
		[ "$1" = null ] || pmd_stop "receiver_$id"
	done
}

# between BEFORE AFTER: what a contender counted, as one object.
between() {
	awk -v a="$1" -v b="$2" 'BEGIN {
		split(a, x); split(b, y)
		for (i = 1; i <= 6; i++)
			d[i] = y[i] - x[i]
		if (d[1] <= 0 || d[2] <= 0 || d[3] <= 0 || d[5] <= 0)
			exit 1
		printf "{\"mpps\": %.6f, \"cycles\": %.3f, \"lost\": %.6f, \"bytes\": %.3f, \"drops\": %d}",
			d[3] / d[1], d[5] / d[2], 1 - d[3] / d[2], d[4] / d[3], d[6]
	}'
}

# turn CONTENDER PATH SIZE PEERS SINK
turn() {
	local before after figures
	go_on "$1"
	sleep "$SETTLE"
	before=$(peer counted "$1")
	sleep "$WINDOW"
	after=$(peer counted "$1")
	stand_still "$1"
	figures=$(between "$before" "$after") ||
		fail "$1, $2, size $3, $4 peers, sink $5: nothing came through, or took no time ($before; $after)"
	plausible "$1" "$figures" "$5" "$1, $2, size $3, $4 peers, sink $5"
	jq -nc --arg contender "$1" --arg path "$2" --arg size "$3" --argjson peers "$4" \
		--arg sink "$5" --argjson figures "$figures" \
		'{$path, $size, $peers, $sink, $contender} + $figures' >>"$LAB_DIR/turns"
}

# plausible ID FIGURES SINK CASE: what was measured did what was verified. Not all count bytes.
plausible() {
	local why
	why=$(jq -nr --arg id "$1" --argjson f "$2" --arg sink "$3" --argjson due "$FRAME_BYTES" '
		if $id == "ovnet" and $f.drops != 0 then "\($f.drops) packets were dropped"
		elif ($id == "ovnet" or $f.bytes != 0) and ($f.bytes / $due - 1 | fabs) > 0.01 then
			"frames of \($f.bytes) bytes left, of \($due) are due"
		elif $sink == "null" and ($f.lost | fabs) > 0.01 then "\($f.lost) of all did not leave"
		else "" end')
	[ -z "$why" ] || fail "$4: $why"
}

# measure PATH SIZE PEERS SINK
measure() {
	local round id
	contenders_start "$1" "$3" "$4"
	for ((round = 1; round <= ROUNDS; round++)); do
		progress "$1" "$2" "$3" "sink $4, round $round of $ROUNDS"
		for id in $CONTENDERS; do
			turn "$id" "$@"
		done
	done
	contenders_stop "$4"
}
