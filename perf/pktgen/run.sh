#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# pktgen-dpdk with one of this folder's profiles.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

usage() {
	cat <<-END
		usage: perf/pktgen/run.sh PROFILE --tx DEVICE [OPTION...]

		Sends by pktgen-dpdk, from PATH, and says as JSON what was sent and what came back. README.md has the node's side.

		  one      plain frames into an attach port: one flow to one peer
		  flows    many flows to one peer
		  peers    to another peer each time
		  imix     7:4:1 of 64, 570 and 1400 bytes
		  encap    as any of these, but from a file (--size 64|imix|1400, --peers, --flows)
		  decap    VXLAN into an uplink, from a file (the same)

		  --tx DEVICE     PCI address, or devargs such as net_memif0,role=client,socket=/run/gen.sock,socket-abstract=no
		  --rx DEVICE     where frames come back; default: by --tx
		  --cores M,T[,R] cores of the terminal, of --tx and of --rx (default 0,1,2)
		  --mac MAC       of the node's port that --tx leads to
		  --size N        of the frame without FCS, without the outer headers (64)
		  --peers N, --flows N, --rate PERCENT (of the link), --seconds N
		  --json FILE     writes the figures there too
		  --dry-run       prints the command, runs nothing
	END
}

wrong() {
	echo "pktgen: $*" >&2
	exit 1
}

PROFILE=${1:---help}
[ $# = 0 ] || shift
TX='' RX='' CORES=0,1,2 MAC='' SIZE=64 PEERS=4096 FLOWS='' RATE=100 SECONDS_EACH=10 JSON='' DRY=''
case $PROFILE in
-h | --help) usage && exit 0 ;;
one | flows | peers | imix) SCRIPT=$PROFILE ;;
encap | decap) SCRIPT=replay ;;
*) wrong "no profile '$PROFILE'; see perf/pktgen/run.sh --help" ;;
esac
while [ $# -gt 0 ]; do
	if [ "$1" = --dry-run ]; then
		DRY=yes && shift
		continue
	fi
	[ $# -gt 1 ] || wrong "$1 takes a value; see perf/pktgen/run.sh --help"
	case $1 in
	--tx) TX=$2 ;;
	--rx) RX=$2 ;;
	--cores) CORES=$2 ;;
	--mac) MAC=$2 ;;
	--size) SIZE=$2 ;;
	--peers) PEERS=$2 ;;
	--flows) FLOWS=$2 ;;
	--rate) RATE=$2 ;;
	--seconds) SECONDS_EACH=$2 ;;
	--json) JSON=$(realpath -m -- "$2") ;;
	*) wrong "unknown option $1; see perf/pktgen/run.sh --help" ;;
	esac
	shift 2
done
[ -n "$TX" ] || wrong "--tx: which device sends?"
for number in "$PEERS" "${FLOWS:-1}" "$SECONDS_EACH"; do
	[[ $number =~ ^[1-9][0-9]{0,6}$ ]] || wrong "'$number' is no number of peers, flows or seconds"
done
[[ $RATE =~ ^[0-9]+(\.[0-9]+)?$ ]] || wrong "--rate takes percent, not '$RATE'"
[[ $CORES =~ ^[0-9]+(,[0-9]+){1,2}$ ]] || wrong "--cores takes two or three numbers, not '$CORES'"
[ "$SCRIPT" = replay ] || [[ $SIZE =~ ^[1-9][0-9]{1,3}$ ]] || wrong "--size takes bytes, not '$SIZE'"
[ -z "$RX" ] || [[ $CORES == *,*,* ]] || wrong "--rx needs a core of its own: --cores M,T,R"

# device DEVICE: for the EAL.
device() {
	case $1 in
	*:*:*.* | *:*.*) [[ $1 == *,* ]] || { echo "--allow=$1" && return; } ;;
	esac
	echo "--vdev=$1"
}

eal=(-l "$CORES" --file-prefix "pktgen-$$" --proc-type primary)
read -r _ tx_core rx_core <<<"${CORES//,/ }"
eal+=("$(device "$TX")")
matrix="$tx_core.0" rx_port=0
if [ -n "$RX" ]; then
	eal+=("$(device "$RX")")
	matrix+=",$rx_core.1" rx_port=1
fi
[[ " ${eal[*]}" == *" --allow="* ]] || eal+=(--no-pci)
own=(-P -m "$matrix" -f "$here/$SCRIPT.lua")
if [ "$SCRIPT" = replay ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	"$here/make.py" pcap "$work/frames.pcap" --path "$PROFILE" --size "$SIZE" --peers "$PEERS" \
		--flows "${FLOWS:-4096}" ${MAC:+--mac "$MAC"}
	own+=(-s "0:$work/frames.pcap")
fi
[ "$SIZE" != imix ] || SIZE=0 # mixed
export OVNET_PKTGEN=$here OVNET_TX=0 OVNET_RX=$rx_port OVNET_MAC=$MAC OVNET_SIZE=$SIZE OVNET_PEERS=$PEERS
export OVNET_FLOWS=${FLOWS:-1000} OVNET_RATE=$RATE OVNET_SECONDS=$SECONDS_EACH OVNET_JSON=$JSON
if [ -n "$DRY" ]; then
	printf '%s ' pktgen "${eal[@]}" -- "${own[@]}" && echo
	exit 0
fi
command -v pktgen >/dev/null || wrong "no pktgen in PATH. Debian 12 has no package of it: build a release of" \
	"https://github.com/pktgen/Pktgen-DPDK with -Denable_lua=true (README.md says which were looked at)"
pktgen "${eal[@]}" -- "${own[@]}"
