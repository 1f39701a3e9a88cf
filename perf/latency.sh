#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# How long frames take through a switch, at shares of what it can do without a loss; runs by
# perf/run.sh latency.
export OVNET_BUILD=$1
BENCH=latency
. "$(dirname "$0")/lib/verb.sh"
shift
. "$perf/search/contenders.sh"

PATHS='encap decap' SIZE=64 PEERS=4096 VS=testpmd
OPTIONS=()

usage() {
	cat <<-END
		usage: perf/run.sh latency [OPTION...]

		Latency through ovnetd's one worker, and through testpmd, which only forwards, on the same memif
		ports, in turn: at 10, 50 and 80 % of what each of them forwards without a loss. Each frame is
		stamped, and known again. Some ten minutes.

		  --json FILE    write the figures there too
		  --quick        short turns, noisier
		  --vs LIST      contenders beside ovnet, with commas between them ($VS)
		  --path encap|decap, --peers 1|4096, --size 64|imix|1400 or bytes ($SIZE), --load 10|50|80
		                 only this one
	END
}

while [ $# -gt 0 ]; do
	case $1 in
	--json) json_file "${2:?--json takes a file}" && shift ;;
	--vs) VS=${2:?--vs takes names} && shift ;;
	--path) choose "$1" "${2:-}" encap decap && PATHS=$CHOSEN && shift ;;
	--peers) choose "$1" "${2:-}" 1 4096 && PEERS=$CHOSEN && shift ;;
	--load) choose "$1" "${2:-}" 10 50 80 && OPTIONS+=(--loads "$CHOSEN") && shift ;;
	--size) SIZE=${2:?--size takes bytes} && shift ;;
	--quick) QUICK=yes OPTIONS+=(--rounds 2 --windows 8 --window 0.03 --trial 0.3 --precision 0.04 --repeats 3) ;;
	*) other_option "$1" ;;
	esac
	shift
done

# one PATH
one() {
	frames_verify "$1" "$SIZE" "$PEERS"
	search_start "$1" "$PEERS" in.pcap
	search latency.py --what "$1" "${OPTIONS[@]}" >"$LAB_DIR/rows"
	search_stop
	jq -c --arg path "$1" --arg size "$SIZE" --argjson peers "$PEERS" \
		'{$path, $size, $peers} + .' "$LAB_DIR/rows" >>"$LAB_DIR/all"
}

report() {
	jq -s '{rows: .}' "$LAB_DIR/all" >"$LAB_DIR/figures.json"
	result_keep "$LAB_DIR/figures.json"
	jq -r 'def r: if . == null then "-" else . * 100 | round / 100 end;
		["path", "contender", "load%", "Mpps", "p50 us", "p99 us", "p99.9 us", "p99/testpmd", "spread%",
		"stolen"], (.rows[] | [.path, .contender, .load_percent, (.rate_pps / 1e6 | r), (.p50_us | r),
		(.p99_us | r), (.p999_us | r), (.ratio_to_testpmd | r), (100 * .spread | round),
		"\(.stolen_windows)\(if .disturbed then "!" else "" end)"]) | @tsv' \
		"$LAB_DIR/result.json" | column -t -s $'\t'
	cat <<-END

		$(cpu_model), $MEMORY; size $SIZE, $PEERS peers; the worker alone on CPU $WORKER_CPU
		load: of the rate at which this contender lost nothing; memif to memif, by the generator's clock
		stolen: windows in which the machine was away, left out; with a ! there were no others in some turn
	END
}

lab_create
choose_cpus
contenders_choose "ovnet,$VS"
# shellcheck disable=SC2034
MODE=poll
choose_memory "$SEARCH_MB"
quiet_begin
for path in $PATHS; do
	one "$path"
done
quiet_end
report
