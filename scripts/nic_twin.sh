# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The twin of a NIC: a TAP that stays, so that addresses and routes do when ovnetd is killed.
# Sourced by nic.sh.

twin_up() {
	local twin=${NOTED[twin]}
	if [ ! -e "$NET/$twin" ]; then
		ip tuntap add dev "$twin" mode tap multi_queue vnet_hdr || return
	fi
	[ -e "$NET/$twin/tun_flags" ] || { warn "$twin is there already and is no TAP" && return 1; }
	[ -z "${NOTED[mac]:-}" ] || [ "$(<"$NET/$twin/address")" = "${NOTED[mac]}" ] ||
		ip link set dev "$twin" address "${NOTED[mac]}" || return
	restore "$twin"
}

twin_down() {
	local twin=${NOTED[twin]:-}
	[ -z "$twin" ] || [ ! -e "$NET/$twin/tun_flags" ] || ip link del dev "$twin"
}

# Somebody holds its queues. Its carrier is the NIC's, whose cable may be out.
twin_open() {
	[[ $(ip -d link show dev "$1" 2>/dev/null) =~ \ numqueues\ [1-9] ]]
}
