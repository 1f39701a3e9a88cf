#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# One worker, two that share everything, and two that share nothing; runs by perf/run.sh scale.
export OVNET_BUILD=$1
BENCH=scale
. "$(dirname "$0")/lib/verb.sh"
shift
scale=$perf/scale
for part in node turn report; do
	# shellcheck source=/dev/null
	. "$scale/$part.sh"
done
unset part

usage() {
	cat <<-END
		usage: perf/run.sh scale [OPTION...]

		What a second worker brings: Mpps of one worker, of two of one ovnetd (one FIB, one packet pool, one
		uplink with a queue for each, and leases that change all the while), and of two ovnetd with a
		worker each, which share only the machine. They take turns. 64 bytes, 4,096 peers.
		Root, two CPUs, some two minutes; reserves hugepages and gives them back.

		  --json FILE          write the figures there too
		  --quick              short turns, noisier
		  --path encap|decap   this one only
	END
}

ROUNDS=7 WINDOW=2 FLIPS=2 SETTLE=0.3 PATHS='encap decap' PEERS=4096
SIDES=(10.255.0.0/25 10.255.0.128/25) # as in make.py
SCALE_MB=512                          # four generators, each with its buffers
while [ $# -gt 0 ]; do
	case $1 in
	--json) json_file "${2:?--json takes a file}" && shift ;;
	--quick) QUICK=yes ROUNDS=3 WINDOW=1 FLIPS=1 SETTLE=0.2 ;;
	--path) choose "$1" "${2:-}" encap decap && PATHS=$CHOSEN && shift ;;
	*) other_option "$1" ;;
	esac
	shift
done

# What an engineer would ask for first.
lab_dump() {
	local name what
	for name in "${!NODE_PID[@]}"; do
		go_on "$name"
		for what in status ports drops workers; do
			timeout 3 "$OVNETCTL" --socket "$LAB_DIR/$name/ctl.sock" $what | head -n 20
		done
		tail -n 20 "$LAB_DIR/$name/log"
	done
}

# one PATH: all contenders are there all the time; who is not measured stands still.
one() {
	local round
	FRAME_BYTES=$("$scale/make.py" "$1" "$LAB_DIR")
	node_start one "$1" "$WORKER_CPU" 1
	node_start two "$1" "$OTHER_CPU,$WORKER_CPU" 2
	node_start beside "$1" "$OTHER_CPU" 1
	for ((round = 1; round <= ROUNDS; round++)); do
		say "scale: $1, round $round of $ROUNDS"
		turn "$1" 1 "$1" one
		turn "$1" 2 "$1" two
		turn "$1" 2 "$1 apart" one beside
	done
	node_stop one
	node_stop two
	node_stop beside
}

lab_create
choose_cpus
choose_memory "$SCALE_MB"
quiet_begin
TSC_HZ=$("$OVNET_BUILD/perf/tsc_hz")
for path in $PATHS; do
	one "$path"
done
quiet_end
report
