#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A published install guide, flannel v0.10.0 with three etcd members, TLS and v2 keys, with all the
# traps its readers fell into: a daemon started too early, a wrong endpoint, prefix or authority,
# and `etcdctl mkdir` where `mk` was meant, whose message went to /dev/null.
export LAB_ETCD_API=v2
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/walk.sh"

PREFIX=/kubernetes/network
config='{ "Network": "10.2.0.0/16", "Backend": { "Type": "vxlan", "VNI": 1 }}'

# options ENDPOINTS PREFIX CA
options() {
	echo "FLANNEL_OPTIONS=\"-etcd-endpoints=$1 -etcd-prefix=$2 --etcd-cafile=$3" \
		"--etcd-certfile=$TLS/flanneld.pem --etcd-keyfile=$TLS/flanneld-key.pem\""
}
# trap_says REGEX OPTIONS: what the reader of the log is told.
trap_says() {
	unit_start a "$2" '$FLANNEL_OPTIONS'
	within 15 "the log says $1" logged a "Couldn't fetch network config: .*$1"
	expect "systemd still waits" eval "! unit_ready a"
	unit_stop a
}
cluster_bare
walk_client_cert
tls_ca other
walk_host a
walk_host b
right=$(options "$ETCD_URL" $PREFIX "$TLS/ca.crt")
trap_says 'http://127.0.0.1:(4001|2379): connection refused' 'FLANNEL_OPTIONS=""'
trap_says "its certificate is not accepted.*etcd.cafile" \
	"$(options "$ETCD_URL" $PREFIX "$TLS/other.crt")"
trap_says 'this port speaks TLS|without an answer \(if this port speaks TLS' \
	"$(options "${ETCD_URL//https/http}" $PREFIX "$TLS/ca.crt")"
trap_says 'there is no key /kube/network/config' "$(options "$ETCD_URL" /kube/network "$TLS/ca.crt")"

unit_start a "$right" '$FLANNEL_OPTIONS'
within 15 "the log names the key" logged a "there is no key $PREFIX/config"
typed mkdir $PREFIX/config
typed mk $PREFIX/config "$config" >/dev/null 2>&1 && fail "mk on a directory worked"
within 20 "the log names trap and cure" logged a \
	"$PREFIX/config is a directory in etcd and has to be a key.*etcdctl rmdir $PREFIX/config"
typed rmdir $PREFIX/config
typed mk $PREFIX/config "$config" >/dev/null
unit_wait a
unit_start b "$right" '$FLANNEL_OPTIONS'
unit_wait b
equal "leases as etcdctl lists them" 2 "$(typed ls $PREFIX/subnets | grep -c "^$PREFIX/subnets/10.2")"
equal "host device" "$(base a)/32 mtu 1450" "$(on a ip -4 -br addr show dev ovnet0 |
	awk '{ print $3 }') $(on a ip link show dev ovnet0 | grep -o 'mtu 1450')"

docker_opts a -d /run/flannel/docker
gateway=$(env_value a SUBNET)
equal "docker's options" "DOCKER_OPT_BIP=\"--bip=$gateway\"
DOCKER_OPT_IPMASQ=\"--ip-masq=true\"
DOCKER_OPT_MTU=\"--mtu=1450\"
DOCKER_OPTS=\" --bip=$gateway --ip-masq=true --mtu=1450\"" "$(<"$LAB_DIR/a/run/flannel/docker")"
pod_add a
pod_add b
reach a b
reach b a

# A cluster address whose endpoint is the other node's pod: the kernel's own NAT.
on a iptables -t nat -A PREROUTING -d 10.1.0.1 -p tcp --dport 443 -j DNAT \
	--to-destination "$(pod_ip b):6443"
spawn "$LAB_DIR/b/served" ip netns exec "$LAB-b-pod" nc -l 6443
within 5 "the service's pod listens" listening b 6443
in_pod a timeout 5 nc -N 10.1.0.1 443 <<<"through the service"
within 5 "the service's pod got it" grep -qx "through the service" "$LAB_DIR/b/served"
