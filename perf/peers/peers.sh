# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Contenders: switches that forward between the same two ports on the same CPU. An ID is a contender's
# kind, or one of several of it: ovs-smc is of the kind ovs. Each kind is a file beside this one with
#
#   KIND_available                         false, with the reason in WHY, where it cannot run
#   KIND_MB                                megabytes of hugepages each of its instances takes
#   KIND_QUEUES                            how many a memif to it has to have, one if not said
#   KIND_ids                               those to measure, one a line; without it: KIND alone
#   KIND_start ID PATH PEERS IN OUT [OPTION...]
#                                          until it forwards; its processes are added to MEMBERS[ID].
#                                          IN and OUT are devargs. PATH encap: frames come in on the
#                                          overlay's side; decap: on the underlay's; pvp: IN is the
#                                          overlay's side, frames come in on both. There IN may be
#                                          vhost:SOCKET, which a guest makes then
#   KIND_counted ID                        "us rx tx bytes busy_cycles drops" by now; bytes is 0 of who
#                                          counts none; drops are others than of a full sink
#   KIND_window ID SECONDS                 the same twice, that long apart, a line each, with hardly
#                                          anything done in between; without it: counted, twice
#   KIND_dropped ID                        what it dropped and why, for the reader of a failure
#   KIND_halt ID                           it may lose the other ends of its ports from now on
#   KIND_stop ID
#
# and for pvp
#
#   KIND_linked ID                         all its ports are up
#   KIND_lengths ID                        "guest BYTES" and "uplink BYTES", the mean of what left on
#                                          that side so far; nothing of who counts none
#   KIND_gate_mac ID                       where the machines on the overlay's side send to
#
# peer ACTION ID ... calls them. $LAB_DIR/leases.json (core/make.py) has the peers they forward to.

# shellcheck disable=SC2034
IN_MAC=02:70:63:61:70:00 OUT_MAC=02:00:00:00:00:02
MBUFS=32768 # the generator alone keeps one for each of its frames

PEERS_DIR=$OVNET_ROOT/perf/peers
declare -A MEMBERS=() # of each ID: its processes, and others to stand still with them
declare -A PEER_PATH=()
. "$PEERS_DIR/pmd.sh"

# peers_load KIND...: their functions; the end where one of them cannot run.
peers_load() {
	local kind
	for kind in "$@"; do
		# shellcheck source=/dev/null
		. "$PEERS_DIR/$kind.sh"
		"${kind}_available" || fail "$BENCH: $kind cannot be measured: $WHY"
	done
}

# peers_ids KIND...: one a line.
peers_ids() {
	local kind
	for kind in "$@"; do
		if declare -F "${kind}_ids" >/dev/null; then
			"${kind}_ids"
		else
			echo "$kind"
		fi
	done
}

# peers_choose KIND...: CONTENDERS, all their IDs, and SWITCHES, those that do more than forward.
peers_choose() {
	peers_load "$@"
	CONTENDERS=$(peers_ids "$@" | paste -sd ' ')
	SWITCHES=${CONTENDERS// testpmd/}
}

# peers_mb ID...: of hugepages, all together.
peers_mb() {
	local id mb sum=0
	for id in "$@"; do
		mb=${id%%-*}
		mb=${mb^^}_MB
		sum=$((sum + ${!mb}))
	done
	echo $sum
}

# peer_queues ID: of the other end of each of its memifs, to receive and to send.
peer_queues() {
	local queues=${1%%-*}
	queues=${queues^^}_QUEUES
	echo "${!queues:-1}"
}

# peer ACTION ID [ARG...]
peer() {
	"${2%%-*}_$1" "${@:2}"
}

# peer_start ID PATH PEERS IN OUT [OPTION...]
peer_start() {
	MEMBERS[$1]='' PEER_PATH[$1]=$2
	peer start "$@"
}

# peer_window ID SECONDS
peer_window() {
	if declare -F "${1%%-*}_window" >/dev/null; then
		peer window "$@"
	else
		peer counted "$1"
		sleep "$2"
		peer counted "$1"
	fi
}

# peer_verify ONCE ID ARG...: ONCE ID ARG... sets CAME, or WRONG where frames are missing or other ones.
# What another switch loses while it sets itself up is not wrong: OVS drops a burst where its table is
# locked in that moment.
peer_verify() {
	local left=3
	[ "$2" != ovnet ] || left=1
	CAME=''
	while [ -z "$CAME" ]; do
		progress "${@:3}" "contents of $2"
		"$1" "${@:2}"
		left=$((left - 1))
		[ -n "$CAME" ] || [ $left -gt 0 ] || fail "$WRONG"
	done
}

# Who is not measured stands still.
stand_still() {
	# shellcheck disable=SC2086
	kill -STOP ${MEMBERS[$1]}
}

go_on() {
	# shellcheck disable=SC2086
	kill -CONT ${MEMBERS[$1]}
}

# memif ROLE SOCKET [OPTION]: a ring between two processes.
memif() {
	echo "role=$1,socket-abstract=no,socket=$LAB_DIR/$2,rsize=12${3:+,$3}"
}
