# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The twin of a NIC: a TAP that stays, so that addresses and routes do when ovnetd is killed.
# Sourced by nic.sh.

MARK="ovnet twin" # its alias, by which ovnetd knows it too (lib/kernel/internal.h)

twin_marked() { [ -e "$NET/$1/tun_flags" ] && [ "$(<"$NET/$1/ifalias")" = "$MARK" ]; }

# twin_ours ADDRESS: it has the NIC's MAC address, or is the one we made, whatever it has by now.
twin_ours() {
	twin_marked "${NOTED[twin]}" || return
	[ "$(<"$NET/${NOTED[twin]}/address")" = "${NOTED[mac]:-}" ] ||
		[ "$(<"$NET/${NOTED[twin]}/ifindex")" = "$(cat "$STATE/$1.twin" 2>/dev/null)" ]
}

# refuse_twin ADDRESS TWIN IFACE: what is another's, before anything is done.
refuse_twin() {
	local other
	for other in "$STATE"/*.[0-7]; do
		[ "${other##*/}" = "$1" ] || ! grep -qsx "twin $2" "$other" ||
			die "$2 is the twin of ${other##*/}: each has its own (--twin NAME, as that uplink's in ovnet.conf)"
	done
	[ -e "$NET/$2" ] && [ ! -e "$STATE/$1" ] || return 0
	twin_marked "$2" || die "$2 is there already, and not ovnet's: rename or remove it, or --twin NAME"
	[ -z "$3" ] || [ "$(<"$NET/$2/address")" = "$(<"$NET/$3/address")" ] ||
		die "$2 is there already, with another MAC address than $3: it is another NIC's (--twin NAME)," \
			"or of no use any more (ip link del $2)"
}

# twin_up ADDRESS
twin_up() {
	local twin=${NOTED[twin]}
	if [ ! -e "$NET/$twin" ]; then
		ip tuntap add dev "$twin" mode tap multi_queue vnet_hdr || return
		ip link set dev "$twin" alias "$MARK" ${NOTED[mac]:+address "${NOTED[mac]}"} &&
			cat "$NET/$twin/ifindex" >"$STATE/$1.twin" || { ip link del dev "$twin" && return 1; }
	elif ! twin_ours "$1" && { [ -n "${NOTED[mac]:-}" ] || ! twin_marked "$twin"; }; then
		warn "$twin is there already, and not the twin of $1" && return 1
	fi
	restore "$twin"
}

# twin_down ADDRESS
twin_down() {
	local twin=${NOTED[twin]:-}
	[ -n "$twin" ] && [ -e "$NET/$twin" ] || return 0
	twin_ours "$1" || { warn "$twin is not the twin that $1 got" && return 1; }
	ip link del dev "$twin"
}

# Somebody holds its queues. Its carrier is the NIC's, whose cable may be out.
twin_open() {
	[[ $(ip -d link show dev "$1" 2>/dev/null) =~ \ numqueues\ [1-9] ]]
}
