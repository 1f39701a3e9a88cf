#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# ovnetctl check-tree without a daemon: each kind of disorder in a real etcd's tree is named with its
# keys and owners; the tree is as it was afterwards. Over gRPC, the JSON gateway and v2.
# runs: asan
export LAB_ETCD_API=v2
. "$(dirname "$0")/lib.sh"

# check [FLAG...]: the report, its exit status in RC.
check() {
	RC=0
	on fabric "$OVNETCTL" --json check-tree "--config=$LAB_DIR/ovnet.conf" "--etcd-endpoints=$ETCD_URL" \
		"--etcd-prefix=$PREFIX" "$@" >"$LAB_DIR/report" 2>"$LAB_DIR/errors" || RC=$?
}
# found KIND KEY OWNER OTHER: a finding says so; "-": nothing.
found() {
	jq -e --arg k "$1" --arg key "${2/#-/}" --arg o "${3/#-/}" --arg x "${4/#-/}" \
		--arg p "$PREFIX/" 'def t: . // "" | ltrimstr($p) | ltrimstr("subnets/");
		any(.findings[]; .kind == $k and (.key | t) == $key and (.owner | t) == $o and
			(.other_key | t) == $x and (.do | length) > 9 and (.breaks | length) > 9)' \
		"$LAB_DIR/report" >/dev/null || fail "no finding $*: $(jq -c '.findings[] | [.kind, .key, .owner, .other_key]' "$LAB_DIR/report")"
}
counts() {
	equal "$1" "$2" "$(jq -c '[.errors, .warnings, .notes]' "$LAB_DIR/report")"
}
# lease KEY IP MAC_BYTE TTL [TYPE]
lease() {
	local value="{\"PublicIP\":\"$2\",\"BackendType\":\"${5:-vxlan}\",\"BackendData\":{\"VtepMAC\":\"02:00:00:00:00:$3\"}}"
	if over_v2; then
		v2_keys "$PREFIX/subnets/$1" -f -X PUT ${4:+-d "ttl=$4"} \
			--data-urlencode "value=$value" >/dev/null
	else
		etcdctl put ${4:+"--lease=$(etcdctl lease grant "$4" | awk '{ print $2 }')"} \
			"$PREFIX/subnets/$1" "$value" >/dev/null
	fi
}
good_tree() {
	lease 10.5.1.0-24 192.0.2.1 01 86400
	lease 10.5.2.0-24 192.0.2.2 02 86400
}
disorder() {
	lease 10.5.2.0-25 192.0.2.3 03 86400
	lease 10.5.4.0-24 192.0.2.1 01 86400
	lease 10.5.5.0-24 192.0.2.5 02 86400
	lease 10.5.6.0-24 192.0.2.6 06 ''
	lease 10.5.7.0-24 192.0.2.7 07 86400 host-gw
	lease 10.5.8.0-24 192.0.2.8 08 900
	lease 10.9.9.0-24 192.0.2.9 09 86400
	lease 10.5.10.0-24 10.5.77.1 0a 86400
}
found_all() {
	equal "exit status" 4 $RC
	found overlap 10.5.2.0-25 192.0.2.3 10.5.2.0-24
	found twin-public-ip 10.5.1.0-24 192.0.2.1 10.5.4.0-24
	found twin-vtep-mac 10.5.5.0-24 192.0.2.5 10.5.2.0-24
	found reservation 10.5.6.0-24 192.0.2.6 -
	found other-backend 10.5.7.0-24 192.0.2.7 -
	found not-renewed 10.5.8.0-24 192.0.2.8 -
	found outside-network 10.9.9.0-24 192.0.2.9 -
	found outside-network 10.5.10.0-24 10.5.77.1 -
}

lab_create
: >"$LAB_DIR/ovnet.conf"
fabric_up
etcd_start
v2_keys "$PREFIX/config" -f -X PUT --data-urlencode "value=$NETCONF" >/dev/null
good_tree
check --etcd-api=v2
equal "exit status" 0 $RC
counts "a good tree" '[0,0,0]'
disorder
check
found_all
equal "API, as etcd.api = auto finds it" v2 "$(json .api <"$LAB_DIR/report")"
expect "etcd's version" jq -e '.version | test("^[0-9]+[.]")' "$LAB_DIR/report" >/dev/null
counts "v2" '[4,3,1]'

export LAB_ETCD_API=v3
good_tree
check --etcd-api=v3
found no-config config - -
netconf "$NETCONF"
check
equal "exit status" 3 $RC
found two-apis config - -
counts "both APIs" '[0,1,0]'
disorder
lease "10.5.2.0-24&fd05::-64" 192.0.2.12 0c 86400
etcdctl put "$PREFIX/subnets/notes" 'who took this?' >/dev/null
etcdctl put "$PREFIX/subnets-ovnet/x" y >/dev/null
before=$(etcdctl get --prefix / -w json | jq -c '[.kvs, .header.revision]')
for transport in grpc json; do
	check "--etcd-transport=$transport"
	found_all
	found duplicate '10.5.2.0-24&fd05::-64' 192.0.2.12 10.5.2.0-24
	found not-a-lease notes - -
	found not-a-lease subnets-ovnet/x - -
	counts "v3 by $transport" '[7,4,1]'
done
equal "the tree" "$before" "$(etcdctl get --prefix / -w json | jq -c '[.kvs, .header.revision]')"

RC=0
on fabric "$OVNETCTL" check-tree "--config=$LAB_DIR/ovnet.conf" "--etcd-endpoints=$ETCD_URL" \
	>"$LAB_DIR/report" || RC=$?
equal "exit status, as text" 4 $RC
expect "a cure" grep -q "do .*delete '$PREFIX/subnets/10.5.2.0-25' and its subnet.env" "$LAB_DIR/report"
netconf '{"Network":"10.5.0.0"}'
check
found no-config config - -

# One who may read what the daemon reads and no more does not see what is beside it.
etcdctl user add root:secret >/dev/null
etcdctl user add reader:word >/dev/null
etcdctl role add reader >/dev/null
etcdctl role grant-permission reader read "$PREFIX/config" >/dev/null
etcdctl role grant-permission --prefix=true reader read "$PREFIX/subnets/" >/dev/null
etcdctl user grant-role reader reader >/dev/null
etcdctl auth enable >/dev/null
check --etcd-api=v3 --etcd-username=reader --etcd-password=word
found not-a-lease notes - -
counts "as a reader: $(<"$LAB_DIR/errors")" '[5,3,1]'
check --etcd-api=v3 --etcd-username=reader --etcd-password=wrong
equal "exit status with a wrong password" 1 $RC
etcd_stop
check
equal "exit status without etcd" 1 $RC
expect "it says why" grep -q "connection refused" "$LAB_DIR/errors"
check --etcd-api=v4
equal "exit status of wrong usage" 2 $RC
