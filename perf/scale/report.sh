# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Turns, as rows and as a table.

report() {
	stats -s --argjson changes $((FLIPS * 2 * CHANGING)) --argjson window "$WINDOW" \
		-f "$scale/report.jq" "$LAB_DIR/turns" >"$LAB_DIR/rows"
	jq '{rows: .}' "$LAB_DIR/rows" >"$LAB_DIR/figures"
	result_keep "$LAB_DIR/figures"
	jq -r '["workers", "what", "Mpps", "to one", "by CPU time: Mpps", "to one", "to apart", "spread", "control, %"],
		(.rows[] | [.workers, .what, .mpps, .ratio_to_one, .cpu_mpps, .cpu_ratio_to_one,
		.cpu_ratio_to_apart // "-", .spread, .control_percent]) | @tsv' "$LAB_DIR/result.json" |
		column -t -s $'\t'
	[ "$(nproc)" -gt 2 ] ||
		say "scale: there are two CPUs: two workers share them with their control thread and all else"
}
