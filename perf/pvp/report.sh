# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Medians of the turns, as JSON and as a table.

report() {
	stats -s --argjson rounds "$ROUNDS" --argjson window "$WINDOW" -f "$pvp/result.jq" \
		"$LAB_DIR/turns" >"$LAB_DIR/figures.json"
	result_keep "$LAB_DIR/figures.json"
	stats -r 'include "stats";
		["port", "size", "peers", "contender", "busy cyc/pkt", "ovnet/this", "mpps", "lost%", "spread%"],
		(.rows[] | [.port, .size, .peers,
			.contender + if .setting then "-" + .setting else "" end] + ([.busy_cycles, .busy_ovnet_to_this, .mpps,
			100 * .lost, 100 * .spread] | map(rounded(2)))) | @tsv' "$LAB_DIR/result.json" |
		column -t -s $'\t'
	cat <<-END

		$(jq -r '.cpu' "$LAB_DIR/result.json"), $MEMORY; the switch alone on CPU $WORKER_CPU
		size: bytes of the frame at the guest, without FCS; at the uplink it has 50 more
		busy cyc/pkt: TSC cycles of rounds that found packets, for each packet that left, both ways
		ovnet/this: ovnet's busy cycles over this one's, turn by turn
		testpmd only forwards: its row is what the ports cost, and ovnet pays that too
		lost: packets from the uplink the guest had no room for, of all that were received
	END
	[[ " $CONTENDERS " != *" ovs-"* ]] ||
		echo "ovs: the best of its settings in each case; the others are in the JSON"
	remarks
}

# remarks: rows that are not what they were to be.
remarks() {
	jq -r '.rows[] | "\(.port), size \(.size), \(.peers) peers, \(.contender)" as $where
		| (if .busy < 0.9 then "\($where): its CPU was busy \(100 * .busy | round) % of the time only"
			else empty end),
		  (if .lost > 0.05 then "\($where): the guest could not take \(100 * .lost | round) % of all"
			else empty end)' "$LAB_DIR/result.json" | while read -r line; do
		say "pvp: WARNING: $line; busy cycles are not those of a switch whose CPU alone is the limit"
	done
}
