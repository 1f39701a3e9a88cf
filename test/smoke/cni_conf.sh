#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# scripts/cni-conf.sh makes of subnet.env what flannel's CNI plugin would hand on, and says what is
# wrong with one; the real plugins take it: containers of two dual-stack hosts talk.
export LAB_DUAL=1
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/cni.sh"

script=$OVNET_ROOT/scripts/cni-conf.sh
# conf FILTER [LINE...]: of what is made of subnet.env with these lines in the place of its own.
conf() {
	local line
	cp s.env t.env
	for line in "${@:2}"; do
		sed -i "/^${line%%=*}=/d" t.env
		[ "${line#*=}" = "" ] || echo "$line" >>t.env
	done
	"$script" -f t.env -o t.json || return
	jq -c "$1" t.json
}
# complains REGEX LINE...
complains() {
	! conf . "${@:2}" >said 2>&1 || fail "cni-conf.sh takes ${*:2}"
	expect "'$1' in: $(<said)" grep -Eq -- "$1" said
}
lab_create
cd "$LAB_DIR" || exit
printf 'FLANNEL_%s\n' NETWORK=10.5.0.0/16 SUBNET=10.5.58.1/24 MTU=1450 IPMASQ=true >s.env
flannels='{"name":"ovnet","cniVersion":"0.3.1","type":"bridge","bridge":"cni0","ipMasq":false,"mtu":1450,
"isGateway":true,"isDefaultGateway":false,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.5.58.0/24"}]],
"routes":[{"dst":"10.5.0.0/16"}]}}'
equal "as flannel's plugin hands it on" "${flannels//$'\n'/}" "$(conf '{name, cniVersion} + .plugins[0]')"
equal "ipMasq where the overlay has none" true "$(conf '.plugins[0].ipMasq' FLANNEL_IPMASQ=false)"
equal "both families" '10.5.58.64/26 fd05:0:0:3a::/64 10.5.0.0/16 10.6.0.0/16 fd05::/48' \
	"$(conf '.plugins[0].ipam | [.ranges[][].subnet, .routes[].dst] | join(" ")' \
		FLANNEL_SUBNET=10.5.58.65/26 FLANNEL_NETWORK=10.5.0.0/16,10.6.0.0/16 \
		FLANNEL_IPV6_NETWORK=fd05::/48 FLANNEL_IPV6_SUBNET=fd05:0:0:3a::1/64 | tr -d '"')"
equal "IPv6 alone" '[[{"subnet":"fd05::/64"}]]' "$(conf '.plugins[0].ipam.ranges' FLANNEL_NETWORK= \
	FLANNEL_SUBNET= FLANNEL_IPV6_NETWORK=fd05::/48 FLANNEL_IPV6_SUBNET=fd05:0:0:0:0:0:0:1/64)"
complains 't.env is missing FLANNEL_MTU, FLANNEL_IPMASQ$' FLANNEL_MTU= FLANNEL_IPMASQ=
complains 'is missing FLANNEL_NETWORK, FLANNEL_IPV6_NETWORK, .*docker.*restart ovnetd' \
	FLANNEL_NETWORK= FLANNEL_SUBNET= FLANNEL_MTU= FLANNEL_IPMASQ= 'DOCKER_OPTS=--bip'
for line in FLANNEL_MTU=0 FLANNEL_IPMASQ=yes 'FLANNEL_SUBNET=10.5.58.1' 'FLANNEL_SUBNET=10.5.256.1/24' \
	'FLANNEL_SUBNET=10.5.58.1/33' 'FLANNEL_NETWORK=10.5.0.0/16"},{"' 'OVNET_RANGE_START=$(reboot)'; do
	complains "${line%%=*}=.*: not what it has to be" "$line"
done
complains '1:2:3::4::5/64 is not a subnet' FLANNEL_IPV6_NETWORK=fd05::/48 \
	FLANNEL_IPV6_SUBNET=1:2:3::4::5/64
complains 'not all of 10.5.0.0/16 fd05:/48 are networks' FLANNEL_IPV6_NETWORK=fd05:/48
! "$script" -f ./none 2>said || fail "no file, no complaint"
expect "no file: $(<said)" grep -q 'cannot read ./none: is ovnetd running' said
"$script" -f s.env -o 10-ovnet.conflist -n web -b br0 -g
equal "name, bridge, default gateway" "web br0 true 644" "$(jq -r '.plugins[0] as $p
	| [.name, $p.bridge, $p.isDefaultGateway] | join(" ")' 10-ovnet.conflist) $(stat -c %a 10-ovnet.conflist)"
expect "no other file is left" [ "$(echo 10-*)" = 10-ovnet.conflist ]
expect "help" grep -q -- '-o  the file to write' <("$script" --help)

cni_plugins || skip "no CNI plugins (scripts/install-deps.sh)"
fabric_up
etcd_start
netconf "$NETCONF"
for h in a b; do
	host_add $h ovnet
	on $h iptables -P FORWARD DROP
	on $h ip6tables -P FORWARD DROP
done
ovnetd_start a --vm-pool=/26
ovnetd_start b
for h in a b; do
	ovnetd_wait $h
	"$script" -f $h/subnet.env -o $h/conflist
	ns_add $h-pod
	cni ADD $h
done
equal "host-local's part of a" "$(address_plus "$(base a)" 191)" \
	"$(jq -r '.plugins[0].ipam.ranges[0][0].rangeEnd' a/conflist)"
equal "the container's addresses" "$(pod_ip a)/24 $(pod_ip6 a)/64" \
	"$(jq -r '[.ips[].address] | join(" ")' a/cni.json)"
reach a b
all_arrive b a 62
within 10 "IPv6 from a to b" size_passes a b 6 1280
equal "MTU in a container" 1450 "$(in_pod a cat /sys/class/net/eth0/mtu)"
expect "its whole MTU, from a to b" size_passes a b 4 1450 -M "do" >/dev/null
for h in a b; do
	cni DEL $h
done
equal "what the plugins keep" "" "$(find ./*/cni -name '10.5.*')"
