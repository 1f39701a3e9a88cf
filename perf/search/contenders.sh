# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Contenders between two memif ports each, and a generator of its own at the other ends, for the
# searches in this folder. Who searches, sends and receives shares a CPU; the contender's worker has the other.

search=$perf/search core=$perf/core
. "$perf/peers/peers.sh"
. "$perf/core/verify.sh"

SEARCH_MB=512 # ovnetd, testpmd, and a generator for each
declare -A LOAD_IN=() LOAD_OUT=() LOAD_PID=()

# progress WHAT...
progress() {
	say "$BENCH: $*"
}

# contenders_choose LIST: CONTENDERS of these kinds.
contenders_choose() {
	local kinds
	IFS=, read -ra kinds <<<"$1"
	peers_load "${kinds[@]}"
	CONTENDERS=$(peers_ids "${kinds[@]}" | tr '\n' ' ')
}

# frames_make PATH SIZE PEERS FILE [OPTION...]: FRAMES of them.
frames_make() {
	local made
	made=$("$core/make.py" "$1" "$2" "$3" "$LAB_DIR/leases.json" "$LAB_DIR/$4" "${@:5}")
	# shellcheck disable=SC2034
	FRAMES=${made% *}
}

# frames_verify PATH SIZE PEERS: what comes of them is right, byte by byte.
frames_verify() {
	frames_make "$1" "$2" "$3" in.pcap
	verify ovnet "$1" "$2" "$3"
}

# load_start ID FILE TX RX: the generator beside it, until it takes commands; it sends FILE's frames.
load_start() {
	local in=$LAB_DIR/load_$1.in out=$LAB_DIR/load_$1.out log=$LAB_DIR/load_$1.log fd ready huge=''
	[ -n "$HUGE" ] || huge=--no-huge
	rm -f "$in" "$out" "$log"
	mkfifo "$in" "$out"
	exec {fd}<>"$in" && LOAD_IN[$1]=$fd
	exec {fd}<>"$out" && LOAD_OUT[$1]=$fd
	# shellcheck disable=SC2016
	spawn "$log" bash -c 'in=$1 out=$2; shift 2; exec "$@" <"$in" >"$out"' - "$in" "$out" \
		"$OVNET_BUILD/perf/load/load" --frames "$LAB_DIR/$2" --tx "$3" --rx "$4" --cpu "$OTHER_CPU" \
		--prefix "$LAB-load-$1" $huge
	LOAD_PID[$1]=$SPAWNED
	read -r -t 20 -u "${LOAD_OUT[$1]}" ready && [[ $ready == *ready* ]] ||
		fail "the generator beside $1 does not start: $(tail -n 3 "$log")"
}

load_stop() {
	local fd
	echo quit >&"${LOAD_IN[$1]}"
	retry 10 gone_or_zombie "${LOAD_PID[$1]}" || fail "the generator beside $1 does not quit"
	wait "${LOAD_PID[$1]}" || fail "the generator beside $1 failed: $(tail -n 3 "$LAB_DIR/load_$1.log")"
	fd=${LOAD_IN[$1]} && exec {fd}>&-
	fd=${LOAD_OUT[$1]} && exec {fd}>&-
}

# search_start PATH PEERS FILE: all of $CONTENDERS, and $LAB_DIR/contenders.json, which says where.
search_start() {
	local id zero=''
	[ -z "$HUGE" ] || zero='zero-copy=yes'
	for id in $CONTENDERS; do
		rm -f "$LAB_DIR/$id.in.sock" "$LAB_DIR/$id.out.sock"
		peer_start "$id" "$1" "$2" "net_memif_in,$(memif server "$id.in.sock" "mac=$IN_MAC")" \
			"net_memif_out,$(memif server "$id.out.sock" "mac=$OUT_MAC")"
		load_start "$id" "$3" "net_memif_tx,$(memif client "$id.in.sock" $zero)" \
			"net_memif_rx,$(memif client "$id.out.sock" $zero)"
		stand_still "$id"
	done
	contenders_json
	for id in $CONTENDERS; do
		go_on "$id"
	done
}

contenders_json() {
	local id
	for id in $CONTENDERS; do
		jq -nc --arg name "$id" --arg pids "${MEMBERS[$id]:-}" --arg dir "$LAB_DIR/load_$id" \
			'{$name, pids: ($pids | [scan("[0-9]+") | tonumber]), commands: ($dir + ".in"),
			  answers: ($dir + ".out")}'
	done | jq -s . >"$LAB_DIR/contenders.json"
}

# The generators send nothing by now, so they may lose the other ends of their ports.
search_stop() {
	local id
	for id in $CONTENDERS; do
		peer halt "$id"
		peer stop "$id"
		load_stop "$id"
	done
}

# search PROGRAM OPTION...: its rows, on the CPU of those who wait.
search() {
	taskset -c "$OTHER_CPU" "$search/$1" "$LAB_DIR/contenders.json" "${@:2}" ||
		fail "$BENCH: no figures, reason above"
}
