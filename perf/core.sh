#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# ovnetd as a bench node, and testpmd with the same ports; runs by perf/run.sh core. What comes out
# of the node is compared byte by byte before anything is measured.
export OVNET_BUILD=$1
core=$(dirname "$0")/core
. "$(dirname "$0")/../test/smoke/lib.sh"
shift
for part in testpmd node verify measure report; do
	# shellcheck source=/dev/null
	. "$core/$part.sh"
done

ROUNDS=3 WINDOW=2 SETTLE=0.3 JSON='' VERIFY_ONLY=''
PATHS='encap decap' SIZES='' ALL_SIZES='64 imix 1400' PEERS='1 4096' SINKS='null memif'

# choose OPTION WORD CHOICE...: CHOSEN, or the end.
choose() {
	[[ -n $2 && " ${*:3} " == *" $2 "* ]] || fail "core: $1 takes one of ${*:3}, not '$2'"
	CHOSEN=$2
}

while [ $# -gt 0 ]; do
	case $1 in
	--json) JSON=${2:?--json takes a file} && shift ;;
	--path) choose "$1" "${2:-}" encap decap && PATHS=$CHOSEN && shift ;;
	--size) choose "$1" "${2:-}" 64 imix 1400 && SIZES=$CHOSEN && shift ;;
	--peers) choose "$1" "${2:-}" 1 4096 && PEERS=$CHOSEN && shift ;;
	--sink) choose "$1" "${2:-}" null memif && SINKS=$CHOSEN && shift ;;
	--quick) ROUNDS=1 WINDOW=0.5 SETTLE=0.2 ALL_SIZES=64 ;;
	--verify) VERIFY_ONLY=yes ;;
	*) fail "core: unknown option $1; see perf/run.sh --help" ;;
	esac
	shift
done
SIZES=${SIZES:-$ALL_SIZES}
[ -z "$VERIFY_ONLY" ] || [ -z "$JSON" ] || fail "core: --verify has no figures to write with --json"

# What an engineer would ask for first.
lab_dump() {
	local what
	for what in status peers ports drops workers; do
		timeout 3 "$OVNETCTL" --socket "$LAB_DIR/node/ctl.sock" $what | head -n 20
	done
	tail -n 20 "$LAB_DIR/node/log" "$LAB_DIR"/*.log
}

# The worker has a CPU of its own; what drives and receives shares another one.
choose_cpus() {
	local cpus
	mapfile -t cpus < <(python3 -c \
		'import os; print(*sorted(os.sched_getaffinity(0)), sep="\n")')
	[ ${#cpus[@]} -gt 1 ] || skip "needs two CPUs, this process may use one"
	OTHER_CPU=${cpus[0]} WORKER_CPU=${cpus[-1]}
}

# Whoever only compares does without, and leaves the CPU to others in between.
choose_memory() {
	HUGE='' MODE=adaptive
	[ -z "$VERIFY_ONLY" ] || return 0
	HUGE=yes MODE=poll MEMORY="2 MB hugepages"
	hugepages_hold "$CORE_MB" && return
	say "core: WARNING: without hugepages (reason above) all figures are of 4 KB pages, and higher"
	HUGE='' MEMORY="4 KB pages"
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
	local sink
	CASE=$((CASE + 1))
	prepare "$@"
	verify "$@"
	[ -z "$VERIFY_ONLY" ] || return 0
	for sink in $SINKS; do
		measure "$@" "$sink"
	done
}

lab_create
command -v dpdk-testpmd >/dev/null || fail "no dpdk-testpmd: scripts/install-deps.sh installs it"
choose_cpus
choose_memory
ns_add node
mkdir "$LAB_DIR/node"

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
	say "core: every byte of $((CASES * FRAMES)) frames is as it has to be"
else
	report
fi
