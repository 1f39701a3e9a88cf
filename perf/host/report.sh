# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Medians of the turns beside the kernel's of the same case, as JSON and as tables.

host_json() {
	jq -n --slurpfile streams "$LAB_DIR/streams" --slurpfile latency "$LAB_DIR/latency" \
		--slurpfile rates "$LAB_DIR/rates" --arg driver "$UPLINK_DRIVER" \
		--argjson rounds "$ROUNDS" --argjson window "$WINDOW" -L "$perf/lib" -f "$parts/report.jq"
}

report() {
	host_json >"$LAB_DIR/figures.json"
	result_keep "$LAB_DIR/figures.json"
	if [ -s "$LAB_DIR/streams" ]; then
		jq -r 'def r(n): . * pow(10; n) | round / pow(10; n);
			["proto", "streams", "offloads", "contender", "Gbit/s", "ratio", "spread%", "lost%",
			"cpu-s/GB", "ovnetd", "softirq"], (.rows[] | [.proto, .streams, .underlay_offload,
			.contender, (.gbps | r(2)), (.ratio_to_kernel | r(2)), (100 * .spread | r(0)),
			(100 * .lost | r(1)), (.cpu_s_per_gb | r(2)),
			(.cpu_by.ovnetd_a + .cpu_by.ovnetd_b | r(2)), (.cpu_by.softirq | r(2))])
			| @tsv' "$LAB_DIR/result.json" | column -t
	fi
	if [ -s "$LAB_DIR/latency" ]; then
		echo
		jq -r '["offloads", "contender", "ping p50", "p99", "loaded p50", "p99", "answer p50", "p99",
			"per s"], (.latency[] | [.underlay_offload, .contender, .idle.p50, .idle.p99,
			.loaded.p50, .loaded.p99, .answered.p50, .answered.p99, .answered.per_second]
			| map(if type == "number" then round else . end)) | @tsv' "$LAB_DIR/result.json" |
			column -t -s $'\t'
	fi
	if [ -s "$LAB_DIR/rates" ]; then
		echo
		jq -r '["contender", "driver", "kpps", "ratio", "cpu us/packet"], (.rates[] | [.contender,
			.driver, (.kpps | round), (.ratio_to_kernel * 100 | round / 100),
			(.cpu_us_per_packet * 100 | round / 100)]) | @tsv' "$LAB_DIR/result.json" |
			column -t -s $'\t'
	fi
	cat <<-END

		$(jq -r '"\(.cpu), \(.cpus) CPUs, Linux \(.kernel), \(.memory), uplink driver \(.driver)"' \
			"$LAB_DIR/result.json")
		microseconds there and back; loaded: beside two TCP streams of 400 Mbit/s
		cpu-s/GB: CPU seconds of the machine for 10^9 bytes that arrived, all processes and softirqs
	END
}
