#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Whatever a kernel hands to a port (whole packets, checksums to be finished, segments of 64 KB), by
# whichever port, IP version and protocol, leaves by each port, backend and uplink driver as a kernel
# wants it: contents compared, and not one checksum wrong at any receiving kernel. A row for each way.
#
#   offload_matrix.sh [--full] [--json FILE]
#
# --full (or OVNET_FULL): each backend over each uplink driver; otherwise each of both once, with all
# ports. The lab with a VM, which is slow, goes on beside the others.
# runs: alone long
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
ROW='%-7s %-9s %-5s %-8s %-3s %-4s %-5s  %s\n'

# Ways that do not exist: what, and why.
NONE=(
	'veth|partial, segments|XDP sees packets as a wire brings them: the other end finishes them (ethtool -K PEER tx off)'
	'dpdk|partial, segments|a vdev hands in whole packets'
	'vhost|UDP segments|librte_vhost has no VIRTIO_NET_F_HOST_USO'
	'udp|IPv6|flannel'"'"'s udp backend carries IPv4 alone'
	'uplink dpdk|IPv6|not in this lab, whose vdev uplink has an IPv4 address alone'
	'uplink dpdk|direct, host-gw|not in this lab, whose vdev uplink has no twin that learns next hops'
)

# labs [full]: BACKEND IP-VERSIONS UPLINK...
labs() {
	local drivers=(socket af_xdp af_packet)
	echo vxlan dual "${drivers[@]}"
	echo vxlan ipv4 dpdk
	if [ "$1" = full ]; then
		echo host-gw dual "${drivers[@]}"
		echo direct dual "${drivers[@]}"
		echo udp ipv4 "${drivers[@]}"
		echo udp ipv4 dpdk
	else
		echo host-gw dual af_xdp
		echo direct dual af_packet
		echo udp ipv4 socket
	fi
}

# counted HOST: segments did come whole, and what ovnet says itself agrees with the kernels.
counted() {
	local cut merged verified spoiled
	read -r cut merged verified spoiled < <(ctl "$1" stats |
		json '"\(.segments) \(.merged) \(.verified) \(.spoiled)"')
	say "$BACKEND, ${UPLINK[$1]}: $cut segments cut, $merged merged, $verified packets verified, $spoiled spoiled"
	expect "$1 cut segments" [ "$cut" -gt 100 ]
	expect "$1 merged segments" [ "$merged" -gt 100 ]
	expect "$1 verified its packets" [ "$verified" -gt 1000 ]
	equal "packets that $1 spoiled" 0 "$spoiled"
}

# one_lab OUT BACKEND IP-VERSIONS UPLINK...: its cells into OUT.
one_lab() {
	local out=$1 driver letter hosts=(a b d)
	BACKEND=$2
	export LAB_BACKEND=$2 LAB_DIRECT='' LAB_DUAL=''
	[ "$2" != direct ] || LAB_BACKEND=vxlan LAB_DIRECT=1
	[ "$3" != dual ] || LAB_DUAL=1
	shift 3
	. "$ROOT/test/smoke/lib.sh"
	. "$ROOT/test/smoke/lib/offload.sh"
	. "$ROOT/test/smoke/lib/guest.sh"
	. "$ROOT/test/smoke/lib/vm.sh"
	. "$ROOT/test/smoke/lib/offload_vm.sh"
	lab_up
	linux_host c
	pod_judge c
	for driver in "$@"; do
		offload_host "${hosts[0]}" "$driver"
		hosts=("${hosts[@]:1}")
	done
	for letter in "${!UPLINK[@]}"; do
		reach "$letter" c
	done
	# One with a VM: ways to and from it are the same whichever uplink and backend.
	[ "$BACKEND$LAB_DUAL" != vxlan1 ] || vm_join
	for STATE in whole partial segments; do
		phase "$STATE" >>"$out"
		! is_vm vm || vm_phase "$STATE" >>"$out"
	done
	! is_vm vm || guest_stop vm
	for letter in "${!UPLINK[@]}"; do
		counted "$letter"
		ovnetd_stop "$letter"
	done
}

rows() {
	# shellcheck disable=SC2059
	printf "$ROW" backend uplink from state ip prot to result
	jq -r '[.backend, .uplink, .from, .state, .ip, .proto, .to,
		(if .ok then "ok" else "FAIL: \(.why)" end)] | @tsv' "$1" |
		while IFS=$'\t' read -r b u f s i p t r; do
			# shellcheck disable=SC2059
			printf "$ROW" "$b" "$u" "$f" "$s" "$i" "$p" "$t" "$r"
		done
}

# lane OUT: the labs on stdin, one after the other; what ends it ends the lab that runs.
lane() {
	local line child=''
	trap '[ -z "$child" ] || kill "$child" 2>/dev/null; wait; exit 142' ALRM TERM HUP
	while read -r line; do
		# shellcheck disable=SC2086
		"$0" --lab "$1" $line </dev/null &
		child=$!
		wait "$child" || return
	done
}

# all_labs DIR quick|full: their cells into DIR/cells.
all_labs() {
	local rc=0 code pid pids=()
	: >"$1/first" && : >"$1/others"
	lane "$1/first" < <(labs "$2" | head -n 1) &
	pids+=($!)
	lane "$1/others" < <(labs "$2" | tail -n +2) &
	pids+=($!)
	# shellcheck disable=SC2064
	trap "kill ${pids[*]} 2>/dev/null; wait; exit 142" ALRM TERM INT HUP
	for pid in "${pids[@]}"; do
		code=0
		wait "$pid" || code=$?
		[ $code = 0 ] || { [ $rc != 0 ] && [ $rc != 77 ]; } || rc=$code
	done
	cat "$1/first" "$1/others" >"$1/cells"
	return $rc
}

main() {
	local how=quick json='' dir rc=0 n failed
	[ -z "${OVNET_FULL:-}" ] || how=full
	while [ $# -gt 0 ]; do
		case $1 in
		--full) how=full ;;
		--json) json=$2 && shift ;;
		*) echo "usage: $0 [--full] [--json FILE]" >&2 && exit 2 ;;
		esac
		shift
	done
	dir=$(mktemp -d /tmp/ovnet-offload-XXXXXX)
	# shellcheck disable=SC2064
	trap "rm -rf '$dir'" EXIT
	all_labs "$dir" $how || rc=$?
	[ $rc != 77 ] || exit 77
	rows "$dir/cells"
	printf 'none: %s\n' "${NONE[@]//|/: }"
	n=$(wc -l <"$dir/cells")
	failed=$(jq -s 'map(select(.ok | not)) | length' "$dir/cells")
	[ -z "$json" ] || jq -s '{cells: .}' "$dir/cells" >"$json"
	echo "$n cells, $failed FAIL"
	[ $rc = 0 ] || exit $rc
	[ "$failed" = 0 ] && [ "$n" -gt 0 ] && return
	echo "FAIL: offload_matrix: $(jq -rs 'map(select(.ok | not))[0] // "no cell" | tostring' "$dir/cells")"
	exit 1
}

if [ "${1:-}" = --lab ]; then
	one_lab "${@:2}"
else
	main "$@"
fi
