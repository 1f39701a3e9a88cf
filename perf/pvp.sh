#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# From a guest over VXLAN to an uplink and back, both ways at once, on one CPU: ovnetd beside other
# switches with the same ports; runs by perf/run.sh pvp. What comes out is compared byte by byte before
# anything is measured.
export OVNET_BUILD=$1
BENCH=pvp
pvp=$(dirname "$0")/pvp core=$(dirname "$0")/core
. "$(dirname "$0")/lib/verb.sh"
shift
. "$(dirname "$0")/peers/peers.sh"
for part in guest verify measure report; do
	# shellcheck source=/dev/null
	. "$pvp/$part.sh"
done

ROUNDS=9 WINDOW=0.7 SETTLE=0.2 WARM=1 VERIFY_ONLY='' VS=testpmd ONLY_SIZE='' ONLY_PEERS=''
PORTS='vhost memif' SIZES='64 imix 1400' PEERS='1 4096'

usage() {
	cat <<-END
		usage: perf/run.sh pvp [OPTION...]

		A guest sends to the overlay and receives from it at the same time, through one CPU of a switch
		whose uplink always has packets and takes all: busy cycles per packet, Mpps. ovnetd, and others
		with the same ports in turn. What comes out of it is compared byte by byte, both ways, before
		anything is measured. Some ten minutes.

		  --vs LIST      whom to set ovnet beside, with commas between: testpmd (default), which only
		                 forwards; ovs, Open vSwitch with DPDK, with each of its flow caches
		  --json FILE    write the figures there too
		  --quick        64 byte frames, 4096 peers, short turns, noisier
		  --verify       compare contents only, measure nothing
		  --port vhost|memif, --size 64|imix|1400, --peers 1|4096
		                 these rows only
	END
}

while [ $# -gt 0 ]; do
	case $1 in
	--json) json_file "${2:?--json takes a file}" && shift ;;
	--vs) VS=${2:?--vs takes a list, as testpmd,ovs} && shift ;;
	--port) choose "$1" "${2:-}" vhost memif && PORTS=$CHOSEN && shift ;;
	--size) choose "$1" "${2:-}" 64 imix 1400 && ONLY_SIZE=$CHOSEN && shift ;;
	--peers) choose "$1" "${2:-}" 1 4096 && ONLY_PEERS=$CHOSEN && shift ;;
	--quick) QUICK=yes ROUNDS=3 WINDOW=0.5 SETTLE=0.2 WARM=0.6 SIZES=64 PEERS=4096 ;;
	--verify) VERIFY_ONLY=yes ;;
	*) other_option "$1" ;;
	esac
	shift
done
SIZES=${ONLY_SIZE:-$SIZES} PEERS=${ONLY_PEERS:-$PEERS}
KINDS=ovnet
for kind in ${VS//,/ }; do
	choose --vs "$kind" testpmd ovs
	[[ " $KINDS " == *" $kind "* ]] || KINDS+=" $kind"
done
[ -z "$VERIFY_ONLY" ] || [ -z "$JSON" ] || fail "pvp: --verify has no figures to write with --json"

# What an engineer would ask for first.
lab_dump() {
	local what
	for what in status peers ports drops workers; do
		timeout 3 "$OVNETCTL" --socket "$LAB_DIR/ovnet/ctl.sock" $what | head -n 20
	done
	tail -n 20 "$LAB_DIR"/*/log "$LAB_DIR"/*.log
}

# Whoever only compares does without hugepages, and leaves the CPU to others in between.
pvp_memory() {
	HUGE='' MODE=adaptive
	[ -z "$VERIFY_ONLY" ] || return 0
	MODE=poll
	# shellcheck disable=SC2086
	choose_memory $(($(peers_mb $CONTENDERS) + GUEST_MB * $(wc -w <<<"$CONTENDERS")))
	TSC_HZ=$("$OVNET_BUILD/perf/tsc_hz")
}

# progress PORT SIZE PEERS WHAT
progress() {
	say "pvp: case $CASE of $CASES: $1, size $2, $3 peers: $4"
}

# one PORT SIZE PEERS
one() {
	local made id
	CASE=$((CASE + 1))
	made=$("$core/make.py" decap "$2" "$3" "$LAB_DIR/leases.json" "$LAB_DIR/uplink.pcap" \
		--in-mac "$IN_MAC")
	read -r FRAMES GUEST_BYTES <<<"$made"
	for id in $SWITCHES; do
		verify "$id" "$@"
	done
	[ -n "$VERIFY_ONLY" ] || measure "$@"
}

lab_create
# shellcheck disable=SC2086
peers_choose $KINDS
choose_cpus
pvp_memory
[ -n "$VERIFY_ONLY" ] || quiet_begin

CASE=0
CASES=$(($(wc -w <<<"$PORTS") * $(wc -w <<<"$SIZES") * $(wc -w <<<"$PEERS")))
for port in $PORTS; do
	for size in $SIZES; do
		for peers in $PEERS; do
			one "$port" "$size" "$peers"
		done
	done
done
if [ -n "$VERIFY_ONLY" ]; then
	say "pvp: every byte of $((2 * CASES * FRAMES)) frames is as it has to be, through $SWITCHES"
else
	quiet_end
	report
fi
