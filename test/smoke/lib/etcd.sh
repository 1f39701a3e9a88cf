# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A private etcd on the fabric, and what the tests do to its tree.

ETCD_IP=10.168.0.1
ETCD_URL=http://$ETCD_IP:2379
PREFIX=/coreos.com/network
NETCONF='{"Network":"10.5.0.0/16","SubnetLen":24,"Backend":{"Type":"vxlan"}}'

etcdctl() {
	ETCDCTL_API=3 on etcd etcdctl --endpoints=$ETCD_URL --command-timeout=3s "$@"
}

etcd_start() {
	if [ ! -e "/run/netns/$LAB-etcd" ]; then
		ns_add etcd
		plug etcd
		ip -n "$LAB-etcd" addr add $ETCD_IP/24 dev eth0
	fi
	spawn "$LAB_DIR/etcd.log" ip netns exec "$LAB-etcd" etcd --name lab \
		--data-dir "$LAB_DIR/etcd.data" --logger zap --log-level warn \
		--listen-client-urls $ETCD_URL --advertise-client-urls $ETCD_URL \
		--listen-peer-urls http://127.0.0.1:2380 \
		--initial-advertise-peer-urls http://127.0.0.1:2380 \
		--initial-cluster lab=http://127.0.0.1:2380 \
		--heartbeat-interval 40 --election-timeout 400
	ETCD_PID=$SPAWNED
	within 20 "etcd answers" etcdctl endpoint health
}

etcd_stop() {
	end_process "$ETCD_PID" 5 || true
}

# netconf JSON: writes the network config, as the operator does.
netconf() {
	etcdctl put $PREFIX/config "$1" >/dev/null
}

# lab_up [JSON]: fabric, etcd and the network config.
lab_up() {
	lab_create
	fabric_up
	etcd_start
	netconf "${1:-$NETCONF}"
}

# "10.5.7.0/24" -> its key.
lease_key() {
	echo "$PREFIX/subnets/${1/\//-}"
}

# lease_value SUBNET: the JSON in the tree, "" if there is none.
lease_value() {
	etcdctl get --print-value-only "$(lease_key "$1")"
}

vtep_mac() {
	lease_value "$1" | json .BackendData.VtepMAC
}

# lease_create SUBNET JSON: as flanneld does: a TTL of a day, only if the key is not there.
lease_create() {
	local id answer
	id=$(etcdctl lease grant 86400 | awk '{ print $2 }')
	answer=$(printf 'version("%s") = "0"\n\nput %s "%s" --lease=%s\n\n\n' "$(lease_key "$1")" \
		"$(lease_key "$1")" "${2//\"/\\\"}" "$id" | etcdctl txn)
	[ "${answer%%$'\n'*}" = SUCCESS ]
}

lease_delete() {
	etcdctl del "$(lease_key "$1")" >/dev/null
}

# The tree as an operator sees it: key, value.
etcd_tree() {
	etcdctl get --prefix $PREFIX | paste - -
}
