#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Containers behind TAPs of ports with dhcp = true come up without an address, as VMs do, each by
# another client: busybox' udhcpc, dhclient, dhcpcd. They get theirs, and mask, routes, MTU, name
# servers and domain, by DHCP; by router advertisements and DHCPv6 the same of IPv6; and reach each
# other, a remote pod, and the gateway, though no bridge has its address. Who comes back with what it
# had gets it again, who comes with another one's is refused and then gets its own. Only what nobody
# else on a link would hear is dropped.
# runs: asan
export LAB_DUAL=1
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/spoof.sh"
. "$OVNET_ROOT/test/smoke/lib/lies.sh"
. "$OVNET_ROOT/test/smoke/lib/attach.sh"
. "$OVNET_ROOT/test/smoke/lib/dhcp.sh"

GUEST=([u]=130 [v]=131 [w]=132)

counter() {
	ctl a stats | json ".$1"
}

lab_up
linux_host b
host_add a ovnet
quiet a
dhcp_start --vm-dns=$GUEST_NET.2,$GUEST_NET6:2 --vm-domain=vm.example --vm-lease-time=3600 \
	--vm-routes="192.0.2.0/24 via $GUEST_NET.131"

dhcpcd_start w # it looks long who else is there
expect "udhcpc gets an address" udhcpc_once u
expect "it is the port's" has_address u 4 "$(pod_ip u)/24"
equal "what udhcpc was told" "mask=24 router=$GUEST_NET.1 dns=$GUEST_NET.2 domain=vm.example hostname=u \
mtu=1450 broadcast=$GUEST_NET.255 lease=3600 serverid=$GUEST_NET.1 \
staticroutes=192.0.2.0/24 $GUEST_NET.131 0.0.0.0/0 $GUEST_NET.1" \
	"$(told u BOUND mask router dns domain hostname mtu broadcast lease serverid staticroutes)"
expect "dhclient gets an address" dhclient_once v 4
expect "it is the port's" has_address v 4 "$(pod_ip v)/24"
expect "dhclient gets an IPv6 address" dhclient_once v 6
expect "it is the port's" has_address v 6 "$(pod_ip6 v)/128"
equal "what dhclient was told" "new_dhcp6_name_servers=$GUEST_NET6:2 new_dhcp6_domain_search=vm.example." \
	"$(told v BOUND6 new_dhcp6_name_servers new_dhcp6_domain_search)"
within 20 "dhcpcd gets an address" has_address w 4 "$(pod_ip w)/24"
within 20 "dhcpcd gets an IPv6 address" has_address w 6 "$(pod_ip6 w)/128"

# By advertisements: v's kernel takes them, in w dhcpcd does.
for guest in v w; do
	within 10 "a default route of $guest by its port" routed6 "$guest" default "via fe80:"
	expect "what is on the link of $guest" routed6 "$guest" "$GUEST_NET6:/64" "dev eth0"
done
equal "MTU of v's link by advertisement" 1450 "$(in_pod v cat /proc/sys/net/ipv6/conf/eth0/mtu)"

for guest in v w; do
	within 10 "IPv6 from $guest to b" size_passes "$guest" b 6 100
done
within 10 "IPv6 from v to w" size_passes v w 6 100
for guest in "${!GUEST[@]}"; do
	within 10 "IPv4 from $guest to b" size_passes "$guest" b 4 100
	expect "the gateway answers $guest" pings "$guest" $GUEST_NET.1
done
expect "the gateway answers w by IPv6" pings w $GUEST_NET6:1

equal "addresses refused so far" 0 "$(counter dhcp_refused)"
expect "dhclient comes back" dhclient_once v 4
expect "with its lease" test -s "$LAB_DIR/v/told.REBOOT"
expect "dhclient comes back by IPv6" dhclient_once v 6
equal "addresses refused to who had them" 0 "$(counter dhcp_refused)"
lease_elsewhere v "$(pod_ip w)"
rm "$LAB_DIR/v/told.BOUND"
expect "dhclient comes with another's address" dhclient_once v 4
equal "addresses refused" 1 "$(counter dhcp_refused)"
equal "what it got then" "new_ip_address=$(pod_ip v)" "$(told v BOUND new_ip_address)"
expect "dhclient gives it back" dhclient_once v 4 -r
expect "dhclient gives the IPv6 one back" dhclient_once v 6 -r
equal "addresses declined" 0 "$(counter dhcp_declined)"
equal "what was dropped, but for what nobody hears" "" \
	"$(ctl a drops | json -c 'map(select(.packets > 0 and .reason != "broadcast") | .reason) | join(" ")')"
ovnetd_stop a
