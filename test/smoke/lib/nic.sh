# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A NIC of ovnetd's own without PCI: DPDK's AF_PACKET driver on a host's eth0, which the host's
# kernel hears nothing of (AF_PACKET sees packets before the hook that drops them) and has no
# address on.

NIC_DEVARGS='net_af_packet0,iface=eth0'

# nic_alone HOST [DEVICE]: its kernel has that NIC no more, as if another driver had it.
nic_alone() {
	local dev=${2:-eth0}
	on "$1" sysctl -qw "net.ipv6.conf.$dev.disable_ipv6=1"
	ip -n "$LAB-$1" addr flush dev "$dev"
	ip -n "$LAB-$1" link set "$dev" arp off
	on "$1" nft -f - <<-END
		table netdev $dev {
			chain unheard { type filter hook ingress device $dev priority 0; policy drop; }
		}
	END
}

# twin_of HOST: its twin's name. twin_addresses HOST: gives it what eth0 had; what is waited for is
# an IPv4 address.
twin_of() {
	on "$1" cat "/sys/class/net/$TWIN/ifalias" >/dev/null && echo "$TWIN"
}

twin_addresses() {
	! dual_stack || ip -n "$LAB-$1" addr add "$(host_ip6 "$1")/64" dev "$TWIN" nodad
	ip -n "$LAB-$1" addr add "$(host_ip "$1")/24" dev "$TWIN"
	ip -n "$LAB-$1" route add default via "$LAB_GATEWAY"
}

TWIN=ovnet-uplink0

# nic_host NAME [FLAG...]: ovnetd there, with NIC and twin, a lease and a pod.
nic_host() {
	host_add "$1" ovnet
	nic_alone "$1"
	nic_config "$1"
	ovnetd_start "$1" --config "$LAB_DIR/$1/ovnet.conf" "${@:2}"
	within 10 "the twin of $1 is there" twin_of "$1"
	twin_addresses "$1"
	ovnetd_wait "$1"
	pod_add "$1"
}

# nic_config HOST [MORE]: of the uplink's entry.
nic_config() {
	echo "uplinks = ( { devargs = \"$NIC_DEVARGS\"; ${2:-} } );" >"$LAB_DIR/$1/ovnet.conf"
}

# dhcp_serve HOST CLIENT: one address on HOST's wire, that of CLIENT. dhcp_ask CLIENT: by its twin.
dhcp_serve() {
	cat >"$LAB_DIR/$1/udhcpd.conf" <<-END
		start $(host_ip "$2")
		end $(host_ip "$2")
		interface eth0
		lease_file $LAB_DIR/$1/udhcpd.leases
		opt subnet 255.255.255.0
		opt router $LAB_GATEWAY
	END
	touch "$LAB_DIR/$1/udhcpd.leases"
	spawn "$LAB_DIR/$1/udhcpd.log" ip netns exec "$LAB-$1" busybox udhcpd -f -S "$LAB_DIR/$1/udhcpd.conf"
}

dhcp_ask() {
	cat >"$LAB_DIR/$1/bound" <<-'END'
		#!/bin/sh
		[ "$1" = bound ] || exit 0
		ip addr add "$ip/24" dev "$interface"
		ip route add default via "$router"
	END
	chmod +x "$LAB_DIR/$1/bound"
	on "$1" busybox udhcpc -i "$TWIN" -f -n -q -t 10 -T 1 -s "$LAB_DIR/$1/bound"
}
