#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A published install guide, flannel v0.17.0: an etcd of three members with v2 keys, a prefix of the
# company's, a network config without a backend (so: udp) that is written when the daemons already
# wait for it, --ip-masq, docker's options copied by hand out of subnet.env.
export LAB_ETCD_API=v2
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/walk.sh"

PREFIX=/xwfintech.com/network
options() {
	echo "FLANNEL_OPTIONS=\"--ip-masq -etcd-endpoints=$ETCD_URL -etcd-prefix=$PREFIX" \
		"-etcd-cafile=$TLS/ca.crt -etcd-certfile=$TLS/m1.crt -etcd-keyfile=$TLS/m1.key\""
}
gateway() {
	env_value "$1" SUBNET | cut -d/ -f1
}
activating() {
	! unit_ready "$1" && [ ! -e "$LAB_DIR/$1/run/flannel/subnet.env" ] &&
		! gone_or_zombie "$(ovnetd_pid "$1")"
}
both_active() {
	unit_ready a && unit_ready b
}
cluster_bare
for h in a b; do
	walk_host $h
	on $h iptables -P FORWARD DROP # as docker leaves it
	unit_start $h "$(options)" '$FLANNEL_OPTIONS'
	within 15 "the log of $h names the key" logged $h "there is no key $PREFIX/config"
	within 15 "systemd is told to wait, and why" grep -q "^EXTEND_TIMEOUT_USEC=60000000" \
		"$LAB_DIR/$h/notified"
	expect "the unit of $h is activating" activating $h
done
typed set $PREFIX/config '{ "Network": "172.22.0.0/16"}' >/dev/null
within 20 "both units are active" both_active
for h in a b; do
	unit_wait $h
	pod_add $h
done

equal "subnet.env" "FLANNEL_NETWORK=172.22.0.0/16
FLANNEL_SUBNET=$(gateway a)/24
FLANNEL_MTU=1472
FLANNEL_IPMASQ=true" "$(<"$LAB_DIR/a/run/flannel/subnet.env")"
equal "keys" "$(printf "$PREFIX/subnets/%s-24\n" "$(base a)" "$(base b)" | sort)" \
	"$(typed ls $PREFIX/subnets | sort)"
equal "a lease as the guide shows it" "{\"PublicIP\":\"$(host_ip a)\",\"PublicIPv6\":null}" \
	"$(typed get "$PREFIX/subnets/$(base a)-24")"
equal "host device" "$(base a)/32 mtu 1472" "$(on a ip -4 -br addr show dev ovnet0 |
	awk '{ print $3 }') $(on a ip link show dev ovnet0 | grep -o 'mtu 1472')"
expect "no ARP on it" grep -q NOARP <(on a ip link show dev ovnet0)

within 10 "container to container" ping_once a b
all_arrive a b 60
all_arrive b a 60
expect "TCP from container to container" tcp_copy a b 2
expect "1472 bytes pass whole" in_pod a ping -n -c 1 -W 1 -M "do" -s 1444 "$(pod_ip b)" >/dev/null
# The fabric has no route to the overlay: what it answers came with the node's address.
expect "a container reaches the world" in_pod a ping -n -c 1 -W 1 "$LAB_GATEWAY" >/dev/null

on a nft list ruleset >"$LAB_DIR/rules" 2>"$LAB_DIR/nft.log"
for rule in "ip saddr $(subnet a) ip daddr 172.22.0.0/16.* return" \
	"ip saddr 172.22.0.0/16 ip daddr != 224.0.0.0/4.* masquerade" \
	"ip saddr != 172.22.0.0/16 ip daddr $(subnet a).* return" \
	"ip saddr != 172.22.0.0/16 ip daddr 172.22.0.0/16.* masquerade"; do
	expect "an operator finds: $rule" grep -Eq "$rule.*comment \"flanneld masq\"" "$LAB_DIR/rules"
done
for way in -s -d; do
	expect "an operator finds the accept for $way" grep -Eq -- \
		"$way 172.22.0.0/16 .*--comment \"flanneld forward\" -j ACCEPT" <(on a iptables -S)
done
