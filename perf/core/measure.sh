# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# ovnetd and testpmd in turn, on one CPU, each with its own generator and receiver: who is not
# measured stands still.

declare -A MEMBERS=() # of each contender: its processes

stand_still() {
	# shellcheck disable=SC2086
	kill -STOP ${MEMBERS[$1]}
}

go_on() {
	# shellcheck disable=SC2086
	kill -CONT ${MEMBERS[$1]}
}

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
	[ "$2" = memif ] || return 0
	testpmd_start "receiver_$1" "$OTHER_CPU" 64 "net_memif0,$(memif client "$1.sock")" \
		-- --forward-mode=rxonly --total-num-mbufs=8192
	within 20 "memif connects" testpmd_links_up "receiver_$1"
	testpmd_go "receiver_$1"
	MEMBERS[$1]+=" $SPAWNED"
}

# contenders_start PATH PEERS SINK
contenders_start() {
	local generator="net_pcap0,rx_pcap=$LAB_DIR/in.pcap,infinite_rx=1"
	node_start "$1" "$2" "$generator" "$(sink_devargs ovnet "$3")"
	MEMBERS[ovnet]=$NODE_PID
	receiver_start ovnet "$3"
	stand_still ovnet
	testpmd_start testpmd "$WORKER_CPU" 160 "$generator" "$(sink_devargs testpmd "$3")" \
		-- --forward-mode=io "--total-num-mbufs=$MBUFS"
	MEMBERS[testpmd]=$SPAWNED
	receiver_start testpmd "$3"
	testpmd_go testpmd
	stand_still testpmd
}

# DPDK's memif unmaps the rings when the other end goes, also under who just reads them: whoever
# loses its other end has stopped before.
contenders_stop() {
	local who
	go_on testpmd
	go_on ovnet
	testpmd_halt testpmd
	for who in testpmd ovnet; do
		[ "$1" = null ] || testpmd_halt "receiver_$who"
	done
	ovnetd_stop node
	testpmd_stop testpmd
	for who in testpmd ovnet; do
		[ "$1" = null ] || testpmd_stop "receiver_$who"
	done
}

# sample CONTENDER PATH: microseconds, packets received and sent, bytes sent, busy cycles, drops.
sample() {
	local now rx tx busy
	if [ "$1" = ovnet ]; then
		node_counted "$2"
		return
	fi
	now=$(now_us)
	read -r rx tx busy < <(testpmd_forwarded testpmd)
	echo "$now $rx $tx 0 $busy 0"
}

# between BEFORE AFTER: two samples as one object.
between() {
	awk -v a="$1" -v b="$2" 'BEGIN {
		split(a, x); split(b, y)
		for (i = 1; i <= 6; i++)
			d[i] = y[i] - x[i]
		if (d[1] <= 0 || d[2] <= 0 || d[3] <= 0)
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
	before=$(sample "$1" "$2")
	sleep "$WINDOW"
	after=$(sample "$1" "$2")
	stand_still "$1"
	figures=$(between "$before" "$after") ||
		fail "$1, $2, size $3, $4 peers, sink $5: nothing came through ($before; $after)"
	[ "$1" != ovnet ] || plausible "$figures" "$5" "$2, size $3, $4 peers, sink $5"
	jq -nc --arg contender "$1" --arg path "$2" --arg size "$3" --argjson peers "$4" \
		--arg sink "$5" --argjson figures "$figures" \
		'{$path, $size, $peers, $sink, $contender} + $figures' >>"$LAB_DIR/turns"
}

# plausible FIGURES SINK CASE: what was measured did what was verified.
plausible() {
	local why
	why=$(jq -nr --argjson f "$1" --arg sink "$2" --argjson due "$FRAME_BYTES" '
		if $f.drops != 0 then "\($f.drops) packets were dropped"
		elif ($f.bytes / $due - 1 | fabs) > 0.01 then
			"frames of \($f.bytes) bytes left, of \($due) are due"
		elif $sink == "null" and ($f.lost | fabs) > 0.01 then "\($f.lost) of all did not leave"
		else "" end')
	[ -z "$why" ] || fail "$3: $why"
}

# measure PATH SIZE PEERS SINK
measure() {
	local round
	contenders_start "$1" "$3" "$4"
	for ((round = 1; round <= ROUNDS; round++)); do
		progress "$1" "$2" "$3" "sink $4, round $round of $ROUNDS"
		turn ovnet "$@"
		turn testpmd "$@"
	done
	contenders_stop "$4"
}
