# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Throughput from pod to pod by iperf3, and the CPU time it took.

# stream CONTENDER PROTO STREAMS OFFLOAD
stream() {
	local before after options=() report
	# As large as the MTU lets them be.
	[ "$2" = tcp ] || options=(-u -b 0 -l $((LAB_MTU - 50 - 28)))
	before=$(cpu_sample "$1")
	report=$(in_pod "$1-a" timeout $((WINDOW + 15)) iperf3 -c "$(pod_ip "$1-b")" -t "$WINDOW" -P "$3" \
		-J --connect-timeout 3000 "${options[@]}" 2>/dev/null) ||
		fail "$1, $2, $3 streams, underlay offloads $4: iperf3 says: $(jq -r .error <<<"$report")"
	after=$(cpu_sample "$1")
	jq -c --arg contender "$1" --arg proto "$2" --argjson streams "$3" --argjson offload "$4" \
		--argjson cpu "$(cpu_between "$before" "$after")" '
		(if $proto == "tcp" then .end.sum_received.bytes
			else .end.sum.bytes * (1 - .end.sum.lost_percent / 100) end) as $bytes
		| {$contender, $proto, $streams, underlay_offload: $offload,
		   gbps: ($bytes * 8 / .end.sum.seconds / 1e9? //
			(.end.sum_received.bits_per_second / 1e9)),
		   lost: (.end.sum.lost_percent // 0 | . / 100),
		   retransmits: (.end.sum_sent.retransmits // 0),
		   gb: ($bytes / 1e9), cpu: $cpu}' <<<"$report" >>"$LAB_DIR/streams"
}

# streams OFFLOAD
streams() {
	local proto n round contender
	for proto in $PROTOS; do
		for n in $STREAMS; do
			for ((round = 1; round <= ROUNDS; round++)); do
				progress "$proto, $n streams, underlay offloads $1, round $round of $ROUNDS"
				for contender in $CONTENDERS; do
					stream "$contender" "$proto" "$n" "$1"
				done
			done
		done
	done
}
