# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Medians of the turns, as JSON and as a table.

core_json() {
	jq -s --arg memory "$MEMORY" --argjson rounds "$ROUNDS" --argjson window "$WINDOW" \
		--arg cpu "$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1)" '
		def median: sort | if length % 2 == 1 then .[length / 2 | floor]
			else (.[length / 2 - 1] + .[length / 2]) / 2 end;
		def spread: (max - min) / (add / length);
		def same: [.path, .size, .peers, .sink];
		(to_entries | map({key: (.value | same | tostring), value: .key}) | reverse
			| from_entries) as $order
		| [group_by(same + [.contender])[] | {
			path: .[0].path, size: .[0].size, peers: .[0].peers, sink: .[0].sink,
			contender: .[0].contender, mpps: (map(.mpps) | median),
			cycles_per_packet: (map(.cycles) | median), spread: (map(.mpps) | spread),
			lost: (map(.lost) | median | if . < 0 then 0 else . end)}] as $rows
		| {$cpu, $memory, $rounds, window_s: $window,
		   rows: [$rows[] | . as $r | . + {ratio_to_ovnet: ($r.mpps / ($rows[]
			| select(same == ($r | same) and .contender == "ovnet") | .mpps))}]
			| sort_by($order[same | tostring], .contender)}' "$LAB_DIR/turns"
}

report() {
	core_json >"$LAB_DIR/result.json"
	[ -z "$JSON" ] || cp "$LAB_DIR/result.json" "$JSON"
	jq -r '["path", "size", "peers", "sink", "contender", "mpps", "cyc/pkt", "ratio", "spread%", "lost%"],
		(.rows[] | [.path, .size, .peers, .sink, .contender] +
			([.mpps, .cycles_per_packet, .ratio_to_ovnet, 100 * .spread, 100 * .lost]
			| map(. * 100 | round / 100))) | @tsv' "$LAB_DIR/result.json" | column -t
	cat <<-END

		$(jq -r '.cpu' "$LAB_DIR/result.json"), $MEMORY; the worker alone on CPU $WORKER_CPU
		size: bytes of the frame at the attach port, without FCS; outside it has 50 more
		cyc/pkt: TSC cycles of rounds that found packets, for each packet received
		testpmd only forwards: its row is what generator and sink cost, and ovnet pays that too
		lost: sent faster than memif's receiver took it; mpps is what it did take
	END
}
