#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A published install guide: the distribution's packaged flanneld with /etc/sysconfig/flanneld and
# its start script, three nodes; what the guide looks for in the log and pings at its end.
export LAB_ETCD_API=v2
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/walk.sh"

sysconfig() {
	cat <<-END
		# Flanneld configuration options
		# etcd url location.  Point this to the server where etcd runs
		FLANNEL_ETCD_ENDPOINTS="$ETCD_URL"
		# etcd config key.  This is the configuration key that flannel queries
		FLANNEL_ETCD_PREFIX="/kube-centos/network"
		# Any additional options that you want to pass
		FLANNEL_OPTIONS="-etcd-cafile=$TLS/ca.crt -etcd-certfile=$TLS/client.crt -etcd-keyfile=$TLS/client.key"
	END
}
# shellcheck disable=SC2016
start='-etcd-endpoints=${FLANNEL_ETCD_ENDPOINTS} -etcd-prefix=${FLANNEL_ETCD_PREFIX} $FLANNEL_OPTIONS'

cluster_bare
typed mkdir /kube-centos/network
typed mk /kube-centos/network/config \
	'{"Network":"172.30.0.0/16","SubnetLen":24,"Backend":{"Type":"vxlan"}}' >/dev/null
for h in a b c; do
	walk_host $h
	unit_start $h "$(sysconfig)" "$start"
	unit_wait $h
	docker_opts $h -k DOCKER_NETWORK_OPTIONS -d /run/flannel/docker
	equal "docker's options on $h" \
		"DOCKER_NETWORK_OPTIONS=\" --bip=$(env_value $h SUBNET) --ip-masq=true --mtu=1450\"" \
		"$(grep ^DOCKER_NETWORK_OPTIONS "$LAB_DIR/$h/run/flannel/docker")"
done
for line in "determining IP address of default interface" \
	"using interface with name eth0 and address $(host_ip a)" "picking subnet" \
	"lease acquired: 172.30" "watching for new subnet leases"; do
	expect "the log has: $line" logged a "$line"
done
equal "keys" 3 "$(typed ls /kube-centos/network/subnets | grep -c '/172.30.*-24$')"
expect "a lease as the guide shows it" grep -q '"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":' \
	<(typed get "/kube-centos/network/subnets/$(base a)-24")
for from in a b c; do
	for to in a b c; do
		[ $from != $to ] || continue
		within 10 "$from pings the .0 of $to" on $from ping -n -c 1 -W 1 "$(base $to)"
	done
done
