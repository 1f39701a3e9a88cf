# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The kernel lane, and whether packets take it. Sourced behind lib.sh.

# lane HOST MEMBER: of the status; or a filter of it.
lane() {
	local filter=$2
	[[ $filter == *[!a-z_]* ]] || filter=.$filter
	ctl "$1" status | jq -r ".lane | $filter"
}

lane_is() {
	[ "$(lane "$1" state)" = "$2" ]
}

# lane_counts HOST MEMBER AT_LEAST
lane_counts() {
	[ "$(lane "$1" "$2")" -ge "$3" ]
}

# What a's workers have taken from the host device and given to it.
host_packets() {
	ctl "$1" ports | json '.[] | select(.role == "host") | .rx_packets + .tx_packets'
}

peer_packets() {
	ctl "$1" peers | json --arg s "$(subnet "$2")" ".[] | select(.subnet == \$s).$3_packets"
}

# Of the two hosts those that have one.
lanes_of() {
	local h
	for h in "$@"; do
		[ "$(<"$LAB_DIR/$h/kind")" != ovnet ] || echo "$h"
	done
}

# by_lane HOST HOST COMMAND...: packets take the lanes of both, and the workers see next to nothing:
# a kernel says a word on its own now and then.
by_lane() {
	local a=$1 b=$2 h n
	local -A host=() sent=()
	shift 2
	for h in $(lanes_of "$a" "$b"); do
		host[$h]=$(host_packets "$h")
		sent[$h]=$(lane "$h" '.tx_packets, .rx_packets' | paste -sd' ')
	done
	expect "between $a and $b: $*" "$@"
	for h in "${!host[@]}"; do
		for n in 0 1; do
			expect "$*: the lane of $h has taken packets, $([ $n = 0 ] && echo out || echo in)" \
				[ "$(lane "$h" "[.tx_packets, .rx_packets][$n]")" -gt \
				"$(cut -d' ' -f$((n + 1)) <<<"${sent[$h]}")" ]
		done
		n=$(($(host_packets "$h") - host[$h]))
		expect "$*: $n packets went by the workers of $h" [ $n -lt 8 ]
	done
}

# by_workers HOST HOST COMMAND...: those of the first one see packets, its lane none.
by_workers() {
	local a=$1 b=$2 host lane
	shift 2
	host=$(host_packets "$a")
	lane=$(lane "$a" '.tx_packets + .rx_packets')
	expect "between $a and $b: $*" "$@"
	expect "$*: by the workers of $a" [ "$(host_packets "$a")" -gt "$host" ]
	equal "$*: packets by the lane of $a" "$lane" "$(lane "$a" '.tx_packets + .rx_packets')"
}

# by_both HOST COMMAND...: its lane takes packets, and its workers what is in fragments.
by_both() {
	local a=$1 host lane
	shift
	host=$(host_packets "$a")
	lane=$(lane "$a" '.tx_packets + .rx_packets')
	expect "$*" "$@"
	expect "$*: by the workers of $a" [ "$(host_packets "$a")" -gt "$host" ]
	expect "$*: by the lane of $a" [ "$(lane "$a" '.tx_packets + .rx_packets')" -gt "$lane" ]
}

mac_of_peer_is() {
	[ "$(ctl "$1" peers | json --arg s "$(subnet "$2")" '.[] | select(.subnet == $s).mac')" = "$3" ]
}

came_in_is() {
	[ "$(came_in "$1")" = "$2" ]
}

# no_peer HOST SUBNET
no_peer() {
	[ -z "$(ctl "$1" peers | jq -r --arg s "$2" '.[] | select(.subnet == $s).subnet')" ]
}

# lane_left HOST: programs and devices.
lane_left() {
	local dev
	on "$1" ip -br link show type vxlan | awk '$1 ~ /^ovnet/ { print $1 }'
	for dev in eth0 ovnet0; do
		on "$1" tc filter show dev $dev ingress 2>/dev/null | grep bpf || true
		on "$1" tc filter show dev $dev egress 2>/dev/null | grep bpf || true
	done
}
