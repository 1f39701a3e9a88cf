# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Containers of attach.sh that get their addresses from ovnetd, each by a client of its own. Sourced
# behind attach.sh.

# dhcp_start [FLAG...]: ovnetd on a with a port for each, in the subnet an earlier life had.
dhcp_start() {
	local g ports=()
	for g in "${!GUEST[@]}"; do
		ports+=("--port=name=$g,driver=tap,dhcp=true,mac=$(guest_mac "$g"),addresses=$(pod_ip "$g"),$(pod_ip6 "$g")")
	done
	guests_subnet
	ovnetd_start a "${ports[@]}" "$@"
	ovnetd_wait a
	for g in "${!GUEST[@]}"; do
		dhcp_plug "$g"
	done
}

# dhcp_plug NAME: its TAP into its namespace, up and without an address.
dhcp_plug() {
	ns_add "$1-pod"
	mkdir -p "$LAB_DIR/$1"
	within 5 "the TAP of $1 is there" on a ip link show "$1"
	ip -n "$LAB-a" link set dev "$1" netns "$LAB-$1-pod" name eth0
	ip -n "$LAB-$1-pod" link set eth0 up
}

# client NAME COMMAND...: in the container, and in a directory of its own.
client() {
	(cd "$LAB_DIR/$1" && in_pod "$@") >>"$LAB_DIR/$1/client" 2>&1
}

HOOK=$OVNET_ROOT/test/smoke/lib/dhcp_hook.sh

# udhcpc_once NAME [OPTION...]: an address is asked for, once.
udhcpc_once() {
	client "$1" busybox udhcpc -i eth0 -f -n -q -t 5 -T 1 -s "$HOOK" -O mtu -O staticroutes -O lease \
		"${@:2}"
}

# told NAME EVENT VARIABLE...: what the client was told then, in that order, blank for blank.
told() {
	local var
	for var in "${@:3}"; do
		sed -n "s/^$var=/$var=/p" "$LAB_DIR/$1/told.$2"
	done | paste -sd ' '
}

# dhclient_once NAME 4|6 [OPTION...]: what it got stays; it does not.
dhclient_once() {
	local d=$LAB_DIR/$1 rc=0
	[ "$2" = 4 ] || within 5 "a link-local address of $1" has_link "$1"
	touch "$d/leases$2"
	echo 'also request dhcp6.name-servers, dhcp6.domain-search;' >"$d/dhclient.conf"
	client "$1" dhclient "-$2" -1 -v -sf "$HOOK" -lf "$d/leases$2" -pf "$d/pid$2" -cf "$d/dhclient.conf" \
		"${@:3}" eth0 || rc=$?
	# Whoever stays says its PID behind its parent's back.
	[ $rc != 0 ] || [ "${3:-}" = -r ] || retry 5 test -s "$d/pid$2" || :
	[ ! -s "$d/pid$2" ] || kill -KILL "$(cat "$d/pid$2")" 2>/dev/null || :
	rm -f "$d/pid$2"
	return "$rc"
}

# dhcpcd_start NAME: asks by all it knows, sets up the interface itself, and goes on. Its files have the
# interface's name, wherever that is.
dhcpcd_start() {
	spawn "$LAB_DIR/$1/client" ip netns exec "$LAB-$1-pod" unshare -m sh -c \
		'mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib/dhcpcd && exec "$@"' sh \
		dhcpcd -B -d -f /dev/null -c /bin/true -o interface_mtu -o classless_static_routes \
		--noipv4ll eth0
}

# has_address NAME 4|6 ADDRESS/LEN
has_address() {
	[[ $(ip -n "$LAB-$1-pod" "-$2" -o addr show dev eth0 scope global) == *" $3 "* ]]
}

# has_link NAME: a link-local address that nobody else has.
has_link() {
	[ -n "$(ip -n "$LAB-$1-pod" -6 -o addr show dev eth0 scope link -tentative)" ]
}

# lease_elsewhere NAME ADDRESS: dhclient believes that it had this one.
lease_elsewhere() {
	cat >"$LAB_DIR/$1/leases4" <<-END
		lease {
			interface "eth0";
			fixed-address $2;
			option subnet-mask 255.255.255.0;
			option dhcp-server-identifier $GUEST_NET.1;
			renew never;
			rebind never;
			expire never;
		}
	END
}

# routed6 NAME ROUTE HOW: an IPv6 route of the container's starts like that.
routed6() {
	[[ $(ip -n "$LAB-$1-pod" -6 route show "$2") == "$2 $3"* ]]
}

pings() {
	in_pod "$1" ping -q -c 1 -W 2 "$2" >/dev/null
}
