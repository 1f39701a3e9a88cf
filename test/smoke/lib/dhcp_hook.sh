#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What udhcpc and dhclient run when something has come of what they asked: it is noted in the current
# directory, and done to the interface. dhclient says `reason`, udhcpc its first argument.
set -eu
event=$(echo "${reason:-$1}" | tr '[:lower:]' '[:upper:]')
env | sort >"told.$event"
dev=$interface

# routes NET/LEN ROUTER...: udhcpc's; dhclient has LEN NET... ROUTER, number by number.
routes() {
	while [ $# -ge 2 ]; do
		ip route replace "$1" via "$2" dev "$dev"
		shift 2
	done
}

# Who knows classless routes takes no other router.
case $event in
BOUND | RENEW | REBIND | REBOOT)
	ip addr replace "${ip:-$new_ip_address}/${mask:-$new_subnet_mask}" dev "$dev"
	mtu=${mtu:-${new_interface_mtu:-}}
	[ -z "$mtu" ] || ip link set "$dev" mtu "$mtu"
	if [ -n "${staticroutes:-}" ]; then
		# shellcheck disable=SC2086
		routes $staticroutes
	else
		routes default "${router:-$new_routers}"
	fi
	;;
BOUND6 | RENEW6 | REBIND6)
	ip -6 addr replace "$new_ip6_address/128" dev "$dev" nodad
	;;
DECONFIG | EXPIRE | FAIL | RELEASE | STOP)
	ip -4 addr flush dev "$dev"
	;;
PREINIT | PREINIT6)
	ip link set "$dev" up
	;;
esac
