#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A published install guide that recommends host-gw for production: the distribution's packaged
# flanneld with its start script, everything in /etc/sysconfig/flanneld, the whole MTU for
# containers, and what two containers of one host say to each other stays on its bridge.
export LAB_ETCD_API=v2 LAB_BACKEND=host-gw
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/walk.sh"

sysconfig() {
	cat <<-END
		FLANNEL_ETCD_ENDPOINTS="$ETCD_URL"
		FLANNEL_ETCD_PREFIX="/kube-centos/network"
		FLANNEL_OPTIONS="-etcd-cafile=$TLS/ca.crt -etcd-certfile=$TLS/flanneld.pem -etcd-keyfile=$TLS/flanneld-key.pem"
	END
}
# What flanneld-start makes of it. shellcheck disable=SC2016
start='-etcd-endpoints=${FLANNEL_ETCD_ENDPOINTS:-${FLANNEL_ETCD}} -etcd-prefix=${FLANNEL_ETCD_PREFIX:-${FLANNEL_ETCD_KEY}} $FLANNEL_OPTIONS'

# second_pod HOST: another container on the same bridge.
second_pod() {
	ns_add "$1-pod2"
	ip -n "$LAB-$1-pod2" link add eth0 type veth peer name pod2 netns "$LAB-$1"
	ip -n "$LAB-$1" link set pod2 master cni0 up
	ip -n "$LAB-$1-pod2" link set eth0 up
	ip -n "$LAB-$1-pod2" addr add "$(address_plus "$(base "$1")" 3)/24" dev eth0
}
# What the host gives to the switch.
switched() {
	on a nft -j list counter ip watch switched | json '.nftables[] | select(.counter).counter.packets'
}
cluster_bare
walk_client_cert
typed mkdir /kube-centos/network
typed set /kube-centos/network/config \
	'{"Network":"172.30.0.0/16", "SubnetLen": 24, "Backend": {"Type": "host-gw"}}' >/dev/null
for h in a b c; do
	walk_host $h
	unit_start $h "$(sysconfig)" "$start"
	unit_wait $h
	docker_opts $h -k DOCKER_NETWORK_OPTIONS -d /run/flannel/docker
	equal "docker's options on $h" \
		"DOCKER_NETWORK_OPTIONS=\" --bip=$(env_value $h SUBNET) --ip-masq=true --mtu=1500\"" \
		"$(grep ^DOCKER_NETWORK_OPTIONS "$LAB_DIR/$h/run/flannel/docker")"
	pod_add $h
done
equal "a lease" "{\"PublicIP\":\"$(host_ip a)\",\"PublicIPv6\":null,\"BackendType\":\"host-gw\"}" \
	"$(typed get "/kube-centos/network/subnets/$(base a)-24")"
for from in a b c; do
	for to in a b c; do
		[ $from != $to ] || continue
		within 10 "a route on $from to the containers of $to" \
			grep -q ovnet0 <(on $from ip route show "$(subnet $to)")
		within 10 "container to container" ping_once $from $to
		all_arrive $from $to 62
	done
done
expect "1500 bytes pass whole" in_pod a ping -n -c 1 -W 1 -M "do" -s 1472 "$(pod_ip b)" >/dev/null
expect "TCP from container to container" tcp_copy a b 2
capture_start a "icmp or udp port 8285 or udp port 8472"
expect "a ping to look at" ping_once a b
capture_stop
equal "on the wire, as the container sent it" "$(pod_ip a) $(pod_ip b)" \
	"$(captured a ip.src ip.dst | sed -n 1p)"

second_pod a
on a nft -f - <<-'END'
	table ip watch {
		counter switched { }
		chain forward {
			type filter hook forward priority 0
			oifname ovnet0 meta l4proto icmp counter name switched
		}
	}
END
equal "pings between two containers of a, their TTL: nobody routed them" "5 64" \
	"$(ping_figures 5 0.05 in_pod a ping "$(address_plus "$(base a)" 3)" | cut -d' ' -f1,2)"
equal "what the switch got of them" 0 "$(switched)"
all_arrive a b 62
equal "what it got of ten to another host" 10 "$(switched)"
