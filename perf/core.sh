#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# ovnetd as a bench node, and others with the same ports; runs by perf/run.sh core. What comes out
# of a switch is compared byte by byte before anything is measured.
export OVNET_BUILD=$1
BENCH=core core=$(dirname "$0")/core
. "$(dirname "$0")/lib/verb.sh"
shift
. "$(dirname "$0")/peers/peers.sh"
for part in verify measure report; do
	# shellcheck source=/dev/null
	. "$core/$part.sh"
done

ROUNDS=3 WINDOW=2 SETTLE=0.3 WARM=1 VERIFY_ONLY='' VS=testpmd
PATHS='encap decap' SIZES='' ALL_SIZES='64 imix 1400' PEERS='1 4096' SINKS='null memif'

usage() {
	cat <<-END
		usage: perf/run.sh core [OPTION...]

		ovnetd as a bench node (leases from a file, a generator on an attach port, a DPDK uplink, no
		host device) and others with the same ports, in turn: Mpps, TSC cycles per packet, ratio.
		What comes out is compared byte by byte before anything is measured. Some ten minutes, with
		ovs twenty.

		  --vs LIST      whom to set ovnet beside, with commas between: testpmd (default), which only
		                 forwards; ovs, Open vSwitch with DPDK, with each of its flow caches
		  --json FILE    write the figures there too
		  --quick        64 byte frames, short turns, noisier
		  --verify       compare contents only, measure nothing
		  --path encap|decap, --size 64|imix|1400, --peers 1|4096, --sink null|memif
		                 these rows only
	END
}

while [ $# -gt 0 ]; do
	case $1 in
	--vs) VS=${2:?--vs takes testpmd, ovs or both with a comma} && shift ;;
	--json) json_file "${2:?--json takes a file}" && shift ;;
	--path) choose "$1" "${2:-}" encap decap && PATHS=$CHOSEN && shift ;;
	--size) choose "$1" "${2:-}" 64 imix 1400 && SIZES=$CHOSEN && shift ;;
	--peers) choose "$1" "${2:-}" 1 4096 && PEERS=$CHOSEN && shift ;;
	--sink) choose "$1" "${2:-}" null memif && SINKS=$CHOSEN && shift ;;
	--quick) QUICK=yes ROUNDS=2 WINDOW=0.4 SETTLE=0.1 WARM=0.6 ALL_SIZES=64 ;;
	--verify) VERIFY_ONLY=yes ;;
	*) other_option "$1" ;;
	esac
	shift
done
SIZES=${SIZES:-$ALL_SIZES}
KINDS=ovnet
for kind in ${VS//,/ }; do
	choose --vs "$kind" testpmd ovs
	[[ " $KINDS " == *" $kind "* ]] || KINDS+=" $kind"
done
[ -z "$VERIFY_ONLY" ] || [ -z "$JSON" ] || fail "core: --verify has no figures to write with --json"

# What an engineer would ask for first.
lab_dump() {
	local what
	for what in status peers ports drops workers; do
		timeout 3 "$OVNETCTL" --socket "$LAB_DIR/ovnet/ctl.sock" $what | head -n 20
	done
	tail -n 20 "$LAB_DIR"/*/log "$LAB_DIR"/*.log 2>/dev/null
}

# Whoever only compares does without hugepages, and leaves the CPU to others in between.
core_memory() {
	HUGE='' MODE=adaptive
	[ -z "$VERIFY_ONLY" ] || return 0
	MODE=poll
	# shellcheck disable=SC2086
	choose_memory $(($(peers_mb $CONTENDERS) + RECEIVER_MB * $(wc -w <<<"$CONTENDERS")))
}

# progress PATH SIZE PEERS WHAT
progress() {
	say "core: case $CASE of $CASES: $1, size $2, $3 peers: $4"
}

# prepare PATH SIZE PEERS: the frames of a case; how many, and the mean size of what has to come out.
prepare() {
	local made
	made=$("$core/make.py" "$1" "$2" "$3" "$LAB_DIR/leases.json" "$LAB_DIR/in.pcap")
	read -r FRAMES FRAME_BYTES <<<"$made"
}

# one PATH SIZE PEERS
one() {
	local sink id
	CASE=$((CASE + 1))
	prepare "$@"
	for id in $SWITCHES; do
		verify "$id" "$@"
	done
	[ -z "$VERIFY_ONLY" ] || return 0
	for sink in $SINKS; do
		measure "$@" "$sink"
	done
}

lab_create
# shellcheck disable=SC2086
peers_choose $KINDS
choose_cpus
core_memory
[ -n "$VERIFY_ONLY" ] || quiet_begin

CASE=0
CASES=$(($(wc -w <<<"$PATHS") * $(wc -w <<<"$SIZES") * $(wc -w <<<"$PEERS")))
for size in $SIZES; do
	for peers in $PEERS; do
		for path in $PATHS; do
			one "$path" "$size" "$peers"
		done
	done
done
if [ -n "$VERIFY_ONLY" ]; then
	say "core: every byte of $((CASES * FRAMES)) frames is as it has to be, through $SWITCHES"
else
	quiet_end
	report
fi
