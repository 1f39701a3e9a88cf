# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Medians of the turns, as JSON and as a table.

report() {
	stats -s --argjson rounds "$ROUNDS" --argjson window "$WINDOW" -f "$core/report.jq" \
		"$LAB_DIR/turns" >"$LAB_DIR/figures.json"
	result_keep "$LAB_DIR/figures.json"
	stats -r 'include "stats"; .rows as $rows
		| ["path", "size", "peers", "sink", "contender", "Mpps", "cyc/pkt", "ratio", "ovnet/it",
		   "spread%", "lost%"],
		(.rows[] | . as $r | ($rows[] | select(.contender == "ovnet" and .path == $r.path and
			.size == $r.size and .peers == $r.peers and .sink == $r.sink)) as $ovnet
		| [.path, .size, .peers, .sink, .contender + if .setting then "-" + .setting else "" end] +
			([.mpps, .cycles_per_packet, .ratio_to_ovnet, $ovnet["ratio_to_" + .contender] // 1,
			  100 * .spread, 100 * .lost] | map(rounded(2)))) | @tsv' "$LAB_DIR/result.json" | column -t
	cat <<-END

		$(jq -r '.cpu' "$LAB_DIR/result.json"), $MEMORY; the worker alone on CPU $WORKER_CPU
		size: bytes of the frame at the attach port, without FCS; outside it has 50 more
		cyc/pkt: TSC cycles of rounds that found packets, for each packet received
		ratio: of the Mpps, turn by turn, to ovnet's; ovnet/it the other way round
		testpmd only forwards: its row is what generator and sink cost, and all others pay that too
		lost: sent faster than memif's receiver took it; Mpps is what it did take
	END
	[[ " $CONTENDERS " != *" ovs-"* ]] ||
		echo "ovs: the fastest of its settings in each case; the others are in the JSON"
}
