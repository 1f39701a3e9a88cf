#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A published install guide: flannel's default prefix, docker's own default network, --ip-masq, and
# an ExecStartPost that writes docker's options over subnet.env. A restart keeps the subnet all the
# same: the lease says whose it is.
export LAB_ETCD_API=v2
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/walk.sh"

options() {
	echo "FLANNEL_OPTIONS=\"--ip-masq --etcd-endpoints=$ETCD_URL -etcd-cafile=$TLS/ca.crt" \
		"-etcd-certfile=$TLS/m1.crt -etcd-keyfile=$TLS/m1.key\""
}
# up HOST: the unit and what follows it.
up() {
	unit_start "$1" "$(options)" '$FLANNEL_OPTIONS'
	unit_wait "$1"
	docker_opts "$1" -k DOCKER_NETWORK_OPTIONS -d /run/flannel/subnet.env
}
# docker_network_options HOST: what docker's unit gets.
docker_network_options() {
	sed -n 's/^DOCKER_NETWORK_OPTIONS="\(.*\)"$/\1/p' "$LAB_DIR/$1/run/flannel/subnet.env"
}
cluster_bare
typed set /coreos.com/network/config '{ "Network": "172.17.0.0/16", "Backend": {"Type": "vxlan"}}' \
	>/dev/null
for h in a b; do
	walk_host $h
	up $h
	pod_add $h
done
equal "docker's options" " --bip=$(env_value a SUBNET) --ip-masq=false --mtu=1450" \
	"$(docker_network_options a)"
expect "the daemon's own lines are gone" \
	[ "$(grep -c FLANNEL_ "$LAB_DIR/a/run/flannel/subnet.env" || true)" = 0 ]
reach a b
read -r got ttl _ < <(host_pings a "$(env_value b SUBNET | cut -d/ -f1)")
equal "pings of the other node's bridge, their TTL" "3 64" "$got $ttl"
before=$(subnet a)

unit_stop a
up a
equal "subnet after the restart" "$before" "$(subnet a)"
equal "docker's options after it" " --bip=$(env_value a SUBNET) --ip-masq=false --mtu=1450" \
	"$(docker_network_options a)"
equal "leases" 2 "$(typed ls /coreos.com/network/subnets | wc -l)"
reach a b
reach b a
expect "masquerade rules" on a nft list table ip ovnet >/dev/null
