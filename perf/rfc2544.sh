#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# RFC 2544's tests of a switch between two memif ports; runs by perf/run.sh rfc2544.
export OVNET_BUILD=$1
BENCH=rfc2544
. "$(dirname "$0")/lib/verb.sh"
shift
. "$perf/search/contenders.sh"

PATHS='encap decap' PEERS=4096 VS='' TX='' RX='' MAC=''
SIZES='64 128 256 512 1024 1280 1518 imix' CHOSEN_SIZES=''
OPTIONS=()

usage() {
	cat <<-END
		usage: perf/run.sh rfc2544 [OPTION...]

		Throughput (no frame lost), latency at that rate, frame loss rate and back-to-back frames of ovnetd's
		one worker, by RFC 2544, at 64 to 1518 bytes and IMIX, encap and decap. Trials of 60 s: some hours.

		  --json FILE    write the figures there too
		  --quick        trials of half a second, 64 bytes
		  --trial S      trials of S seconds instead of 60
		  --vs LIST      these contenders, too, one after the other: testpmd, ...
		  --path encap|decap, --peers 1|4096, --size 64|128|256|512|1024|1280|1518|imix
		                 only this one. Sizes count the FCS, and are those at the attach port (of 1518 with
		                 memif: at the uplink, 1468 at the attach port)
		  --tx DEVARGS, --rx DEVARGS, --mac MAC
		                 a node that is there already, on another machine: the ports here that frames are
		                 sent and received by, the MAC address of the node's port they come in by. With --path
	END
}

while [ $# -gt 0 ]; do
	case $1 in
	--json) json_file "${2:?--json takes a file}" && shift ;;
	--vs) VS=${2:?--vs takes names} && shift ;;
	--path) choose "$1" "${2:-}" encap decap && PATHS=$CHOSEN && shift ;;
	--peers) choose "$1" "${2:-}" 1 4096 && PEERS=$CHOSEN && shift ;;
	--size) choose "$1" "${2:-}" 64 128 256 512 1024 1280 1518 imix && CHOSEN_SIZES=$CHOSEN && shift ;;
	--trial) OPTIONS+=(--trial "${2:?--trial takes seconds}") && shift ;;
	--tx) TX=${2:?--tx takes devargs, or a PCI address} && shift ;;
	--rx) RX=${2:?--rx takes devargs, or a PCI address} && shift ;;
	--mac) MAC=${2:?--mac takes an address} && shift ;;
	--quick) QUICK=yes SIZES=64 OPTIONS+=(--trial 0.5 --precision 0.04 --latencies 1 --bursts 1 --longest 0.05 --repeats 2) ;;
	*) other_option "$1" ;;
	esac
	shift
done
SIZES=${CHOSEN_SIZES:-$SIZES}
if [ -n "$TX$RX$MAC" ]; then
	[[ -n $TX && -n $RX && -n $MAC && -z $VS && $PATHS != *' '* ]] ||
		fail "rfc2544: --tx, --rx, --mac and --path belong together, without --vs"
fi

# without_fcs SIZE: what of it is in memory. DPDK's memif has an MTU of 1500, so there the largest frame is
# that on the uplink, and 50 bytes less at the attach port: the tunnel must not make fragments.
without_fcs() {
	case $1$TX in
	imix*) echo imix ;;
	1518) echo 1464 ;;
	*) echo $(($1 - 4)) ;;
	esac
}

# sizes_make PATH MAKE...: FILES of all sizes, by a command that leaves in.pcap.
sizes_make() {
	local size
	FILES=()
	for size in $SIZES; do
		"${@:2}" "$1" "$(without_fcs "$size")" "$PEERS"
		mv "$LAB_DIR/in.pcap" "$LAB_DIR/$size.pcap"
		FILES+=("$size=$LAB_DIR/$size.pcap")
	done
}

# away_make PATH SIZE PEERS: for a node whose contents nobody compared but load.
away_make() {
	frames_make "$@" in.pcap --in-mac "$MAC"
}

# one PATH
one() {
	if [ -n "$TX" ]; then
		sizes_make "$1" away_make
		load_start away "${SIZES%% *}.pcap" "$TX" "$RX"
		contenders_json
	else
		sizes_make "$1" frames_verify
		search_start "$1" "$PEERS" "${SIZES%% *}.pcap"
	fi
	search rfc2544.py "${FILES[@]}" --what "$1" "${OPTIONS[@]}" >"$LAB_DIR/rows"
	if [ -n "$TX" ]; then
		load_stop away
	else
		search_stop
	fi
	jq -c --arg path "$1" --argjson peers "$PEERS" '{$path, $peers} + .' "$LAB_DIR/rows" >>"$LAB_DIR/all"
}

where() {
	[ -z "$TX" ] && echo "the worker alone on CPU $WORKER_CPU, memif to memif" || echo "by $TX and $RX"
}

report() {
	jq -s '{rows: .}' "$LAB_DIR/all" >"$LAB_DIR/figures.json"
	result_keep "$LAB_DIR/figures.json"
	jq -r 'def r(n): . * pow(10; n) | round / pow(10; n);
		def lost($at): [.loss[] | select(.percent == $at) | 100 * .loss_rate | r(2)][0] // "-";
		["path", "size", "contender", "Mpps", "p50 us", "p99 us", "p99.9 us", "loss% at 130%", "110%", "90%",
		"burst", "trials", "disturbed"], (.rows[] | [.path, .size, .contender, (.throughput_pps / 1e6 | r(3)),
		(.p50_us | r(1)), (.p99_us | r(1)), (.p999_us | r(1)), lost(130), lost(110), lost(90),
		.back_to_back_frames, .trials_run, .trials_disturbed]) | @tsv' \
		"$LAB_DIR/result.json" | column -t -s $'\t'
	cat <<-END

		$(cpu_model), $MEMORY; $PEERS peers; $(where)
		Mpps: the highest rate at which not one frame was lost; latency at that rate
		loss: of frames offered at so much of that rate; burst: the longest one that came through whole
		disturbed: trials in which the machine was away for 100 us; those with a loss were repeated
	END
}

lab_create
choose_cpus
CONTENDERS=away
[ -n "$TX" ] || contenders_choose "ovnet,$VS"
# shellcheck disable=SC2034
MODE=poll
choose_memory "$SEARCH_MB"
quiet_begin
for path in $PATHS; do
	one "$path"
done
quiet_end
report
