# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A private etcd on the fabric, and what the tests do to its tree.

export LAB_ETCD_API=${LAB_ETCD_API:-v3} # where the lease tree is: v3, or v2 as of flannel v0.17
ETCD_IP=10.168.0.1
PREFIX=/coreos.com/network
# What the hosts of the lab speak; exported: the watcher is another process.
export LAB_BACKEND=${LAB_BACKEND:-vxlan} # or udp, host-gw
export LAB_DIRECT=${LAB_DIRECT:-}        # not empty: vxlan with DirectRouting
export LAB_DUAL=${LAB_DUAL:-}            # not empty: IPv4 and IPv6

dual_stack() {
	[ -n "$LAB_DUAL" ]
}

# The network config that goes with it.
lab_netconf() {
	local more='' direct=''
	! dual_stack || more='"EnableIPv6":true,"IPv6Network":"fd05::/48","IPv6SubnetLen":64,'
	[ -z "$LAB_DIRECT" ] || direct=',"DirectRouting":true'
	echo "{\"Network\":\"10.5.0.0/16\",\"SubnetLen\":24,$more\"Backend\":{\"Type\":\"$LAB_BACKEND\"$direct}}"
}
NETCONF=$(lab_netconf)

# shellcheck disable=SC2120
# etcd_choose [MEMBER...]: where etcd is and how clients show who they are, as the environment
# says. Members by their number; all of them if none is given.
etcd_choose() {
	local n
	ETCD_URL=''
	[ $# -gt 0 ] || mapfile -t < <(seq "${LAB_ETCD_MEMBERS:-1}")
	for n in "${@:-${MAPFILE[@]}}"; do
		ETCD_URL+=${ETCD_URL:+,}http${LAB_ETCD_TLS:+s}://10.168.0.$n:2379
	done
	CURL_TLS=() ETCDCTL=(env ETCDCTL_API=3 etcdctl "--endpoints=$ETCD_URL")
	! over_tls || CURL_TLS=(--cacert "$TLS/ca.crt" --cert "$TLS/client.crt"
		--key "$TLS/client.key")
	! over_tls || ETCDCTL+=("--cacert=$TLS/ca.crt" "--cert=$TLS/client.crt"
		"--key=$TLS/client.key")
}
# shellcheck disable=SC2119
etcd_choose

etcdctl() {
	on fabric "${ETCDCTL[@]}" --command-timeout=3s "$@"
}

over_v2() {
	[ "$LAB_ETCD_API" = v2 ]
}

# v2_keys KEY[?QUERY] [CURL_OPTION...]: one request to etcd's v2 API.
v2_keys() {
	local url rc=7
	for url in ${ETCD_URL//,/ }; do
		on fabric curl -sS -m 3 "${CURL_TLS[@]}" "$url/v2/keys$1" "${@:2}" && return 0
		rc=$?
		[ $rc != 22 ] || return $rc # that was an answer
	done
	return $rc
}

etcd_start() {
	local tls=()
	if over_tls; then
		tls_up
		[ -e "$TLS/etcd.crt" ] || tls_cert etcd ca "IP:$ETCD_IP"
		mapfile -t tls < <(tls_etcd_flags etcd)
	fi
	if [ ! -e "/run/netns/$LAB-etcd" ]; then
		ns_add etcd
		plug etcd
		ip -n "$LAB-etcd" addr add $ETCD_IP/24 dev eth0
	fi
	spawn "$LAB_DIR/etcd.log" ip netns exec "$LAB-etcd" etcd --name lab \
		--data-dir "$LAB_DIR/etcd.data" --logger zap --log-level warn \
		--listen-client-urls "$ETCD_URL" --advertise-client-urls "$ETCD_URL" \
		--listen-peer-urls http://127.0.0.1:2380 \
		--initial-advertise-peer-urls http://127.0.0.1:2380 \
		--initial-cluster lab=http://127.0.0.1:2380 \
		--heartbeat-interval 40 --election-timeout 400 \
		"--enable-v2=$(over_v2 && echo true || echo false)" "${tls[@]}"
	ETCD_PID=$SPAWNED
	within 20 "etcd answers" etcdctl endpoint health
}

etcd_stop() {
	end_process "$ETCD_PID" 5 || true
}

# netconf JSON: writes the network config, as the operator does.
netconf() {
	if over_v2; then
		v2_keys $PREFIX/config -f -X PUT --data-urlencode "value=$1" >/dev/null
		return
	fi
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
	if over_v2; then
		v2_keys "$(lease_key "$1")?quorum=true" | jq -r '.node.value // empty'
		return
	fi
	etcdctl get --print-value-only "$(lease_key "$1")"
}

vtep_mac() {
	lease_value "$1" | json .BackendData.VtepMAC
}

# lease_create SUBNET JSON: as flanneld does: a TTL of a day, only if the key is not there.
lease_create() {
	local id answer
	if over_v2; then
		v2_keys "$(lease_key "$1")?prevExist=false" -f -X PUT -d ttl=86400 \
			--data-urlencode "value=$2" >/dev/null
		return
	fi
	id=$(etcdctl lease grant 86400 | awk '{ print $2 }')
	answer=$(printf 'version("%s") = "0"\n\nput %s "%s" --lease=%s\n\n\n' "$(lease_key "$1")" \
		"$(lease_key "$1")" "${2//\"/\\\"}" "$id" | etcdctl txn)
	[ "${answer%%$'\n'*}" != SUCCESS ] || return 0
	etcdctl lease revoke "$id" >/dev/null
	return 1
}

lease_delete() {
	if over_v2; then
		v2_keys "$(lease_key "$1")" -f -X DELETE >/dev/null
		return
	fi
	etcdctl del "$(lease_key "$1")" >/dev/null
}

# lease_expire SUBNET: as its TTL's end does: v3 drops the key with its etcd lease.
lease_expire() {
	if over_v2; then
		lease_delete "$1"
		return
	fi
	etcdctl lease revoke "$(printf %x "$(etcdctl get -w fields "$(lease_key "$1")" |
		awk '$1 == "\"Lease\"" { print $3 }')")" >/dev/null
}

# Every lease and the revision they were listed at: {revision, leases: [{key, value}]}.
lease_listing() {
	local answer
	if over_v2; then
		answer=$(v2_keys "$PREFIX/subnets?quorum=true&recursive=true" -i)
		jq -n --arg answer "${answer//$'\r'/}" '($answer | split("\n\n")) as [$head, $body] | {
			revision: ($head | capture("x-etcd-index: (?<n>[0-9]+)"; "i").n | tonumber),
			leases: [$body | fromjson.node.nodes[]? | {key, value}]}'
		return
	fi
	etcdctl get --prefix "$PREFIX/subnets/" -w json |
		jq '{revision: .header.revision,
			leases: [.kvs[]? | {key: (.key | @base64d), value: (.value | @base64d)}]}'
}

# lease_events REVISION: takes this shell's place; prints something at the first event.
lease_events() {
	if over_v2; then
		exec ip netns exec "$LAB-fabric" curl -sN "${CURL_TLS[@]}" \
			"$(tr , '\n' <<<"$ETCD_URL" | shuf -n 1)/v2/keys$PREFIX/subnets$(
			)?recursive=true&wait=true&waitIndex=$1"
	fi
	exec ip netns exec "$LAB-fabric" "${ETCDCTL[@]}" watch --prefix "$PREFIX/subnets/" "--rev=$1"
}

# The tree as an operator sees it: key, value.
etcd_tree() {
	if over_v2; then
		v2_keys "$PREFIX?quorum=true&recursive=true" |
			jq -r '.. | objects | select(has("value")) | "\(.key)\t\(.value)"'
		return
	fi
	etcdctl get --prefix $PREFIX | paste - -
}
