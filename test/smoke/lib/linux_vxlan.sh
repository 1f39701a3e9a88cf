# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The kernel's vxlan devices with the addresses, entries and routes flanneld gives them: flannel.1,
# and flannel-v6.1 over IPv6 in a dual-stack lab.

# A unicast, locally administered MAC, as flanneld draws it.
random_mac() {
	local b
	b=$(od -An -N6 -tx1 /dev/urandom)
	# shellcheck disable=SC2086
	set -- $b
	printf '%02x:%s:%s:%s:%s:%s\n' $(((0x$1 & 0xfe) | 2)) "$2" "$3" "$4" "$5" "$6"
}

# vxlan_devices HOST MTU. The kernel bounds the IPv6 device's MTU by itself.
vxlan_devices() {
	ip -n "$LAB-$1" link add flannel.1 address "$(<"$LAB_DIR/$1/mac")" mtu "$2" \
		type vxlan id 1 dev eth0 local "$(host_ip "$1")" dstport 8472 nolearning udpcsum
	ip -n "$LAB-$1" link set flannel.1 up
	dual_stack || return 0
	ip -n "$LAB-$1" link add flannel-v6.1 address "$(<"$LAB_DIR/$1/mac6")" mtu $(($2 - 20)) \
		type vxlan id 1 dev eth0 local "$(host_ip6 "$1")" dstport 8472 nolearning udpcsum
	on "$1" sysctl -qw net.ipv6.conf.flannel-v6/1.accept_ra=0
	ip -n "$LAB-$1" link set flannel-v6.1 up
}

# vxlan_addresses HOST N
vxlan_addresses() {
	ip -n "$LAB-$1" addr add "10.5.$2.0/32" dev flannel.1
	! dual_stack || ip -n "$LAB-$1" addr add "$(printf 'fd05:0:0:%x::/128' "$2")" dev flannel-v6.1 nodad
}

# With DirectRouting flanneld sets a plain route where the peer is on link, as all here are.
direct_routes() {
	awk '{ print "route replace", $1, "via", $2; if ($4 != "-")
		print "route replace", $4, "via", $5 }'
}

# vxlan_sync HOST HAVE WANT: per lease a permanent neighbour, an fdb entry and an onlink route.
vxlan_sync() {
	if [ -n "$LAB_DIRECT" ]; then
		comm -23 "$2" "$3" | awk '{ print "route del", $1 }' | ip -n "$LAB-$1" -force -batch -
		direct_routes <"$3" | ip -n "$LAB-$1" -force -batch -
		return
	fi
	comm -23 "$2" "$3" | awk '{ split($1, a, "/")
		print "route del", $1, "dev flannel.1"
		print "neigh del", a[1], "dev flannel.1"
		split($4, b, "/")
		if ($4 != "-") print "route del", $4, "dev flannel-v6.1"
		if ($4 != "-") print "neigh del", b[1], "dev flannel-v6.1" }' |
		ip -n "$LAB-$1" -force -batch -
	comm -23 "$2" "$3" | awk '{ print "fdb del", $3, "dev flannel.1 dst", $2
		if ($4 != "-") print "fdb del", $6, "dev flannel-v6.1 dst", $5 }' |
		bridge -n "$LAB-$1" -force -batch -
	awk '{ print "fdb replace", $3, "dev flannel.1 dst", $2, "self permanent"
		if ($4 != "-") print "fdb replace", $6, "dev flannel-v6.1 dst", $5, "self permanent" }' \
		"$3" | bridge -n "$LAB-$1" -force -batch -
	awk '{ split($1, a, "/")
		print "neigh replace", a[1], "lladdr", $3, "dev flannel.1 nud permanent"
		print "route replace", $1, "via", a[1], "dev flannel.1 onlink"
		split($4, b, "/")
		if ($4 != "-") print "neigh replace", b[1], "lladdr", $6, "dev flannel-v6.1 nud permanent"
		if ($4 != "-") print "route replace", $4, "via", b[1], "dev flannel-v6.1 onlink" }' "$3" |
		ip -n "$LAB-$1" -force -batch -
}
