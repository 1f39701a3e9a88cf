# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Leases written by hand, what a daemon knows of them, and whether the tree is as flanneld's.

# endpoint HOST: the member its daemon is at, m1.
endpoint() {
	ctl "$1" status | json '.etcd.endpoint | capture("//[0-9.]*\\.(?<n>[0-9]+):") | "m" + .n'
}

# connected HOST true|false
connected() {
	[ "$(ctl "$1" status | jq .etcd.connected)" = "$2" ]
}

# A lease by hand: fake_peer N [MAC] for 10.5.N.0/24.
fake_value() {
	printf '{"PublicIP":"10.168.0.%d","PublicIPv6":null,"BackendType":"vxlan",' "$1"
	printf '"BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:%02x"}}' "${2:-$1}"
}

fake_peer() {
	lease_create "10.5.$1.0/24" "$(fake_value "$1")"
}

# says HOST REGEX: why its daemon has no etcd.
says() {
	ctl "$1" status | json .etcd.error | grep -Eq -- "$2"
}

# fake_moves N MAC: its lease has another MAC from now on.
fake_moves() {
	if over_v2; then
		v2_keys "$(lease_key "10.5.$1.0/24")?prevExist=true" -f -X PUT -d ttl=86400 \
			--data-urlencode "value=$(fake_value "$1" "$2")" >/dev/null
		return
	fi
	etcdctl put --ignore-lease "$(lease_key "10.5.$1.0/24")" "$(fake_value "$1" "$2")" >/dev/null
}

# etcd_forgets: its history; what is now stays. v2 keeps the last 1,000 events.
etcd_forgets() {
	if over_v2; then
		v2_keys "/ovnet-lab/[1-1100]" -m 60 -f -X PUT -d value=x >/dev/null
		return
	fi
	etcdctl compact "$(etcdctl get / -w json | json .header.revision)" >/dev/null
}

# sees HOST N [MAC]: its daemon has that peer.
sees() {
	ctl "$1" peers | jq -e --arg s "10.5.$2.0/24" \
		--arg m "$(printf 02:00:00:00:00:%02x "${3:-$2}")" \
		'any(.[]; .subnet == $s and .vtep_mac == $m)' >/dev/null
}

sees_not() {
	[ -z "$(ctl "$1" peers | grep "10.5.$2.0/24")" ]
}

# What etcd holds, names and numbers that differ from run to run and the size of the network aside,
# each shape once.
tree_shape() {
	sed -nE 's/\\//g
		s/^ +//
		s/,$//
		s/[0-9a-f]{2}(:[0-9a-f]{2}){5}/MAC/g
		s/10\.168\.0\.[0-9]+/ADDRESS/g
		s/10\.5\.[0-9]+\.[0-9]+-[0-9]+/SUBNET/g
		s/("Network":"10\.5\.0\.0\/)[0-9]+","SubnetLen":[0-9]+/\1/
		s/^lease [0-9a-f]+ /lease /
		s/remaining\(86[34][0-9]{2}s\)/remaining/
		s/"ttl": 86[34][0-9]{2}/"ttl"/
		/^"(Key|Value|key|value|ttl|dir)"|^lease /p' | sort -u
}

tree_dump() {
	local id
	if over_v2; then
		v2_keys "$PREFIX?quorum=true&recursive=true" | jq .
		return
	fi
	etcdctl get --prefix "$PREFIX/" -w fields
	for id in $(etcdctl lease list | grep -v found); do
		etcdctl lease timetolive --keys "$id"
	done
}

# tree_as_flannel: the keys, values and TTLs are what flanneld leaves there, byte by byte.
tree_as_flannel() {
	local real=$OVNET_ROOT/test/fixtures/flannel/v0.20.2-vxlan.etcd.txt
	! over_v2 || real=${real/v0.20.2/v0.17.0}
	tree_dump >"$LAB_DIR/tree"
	diff <(tree_shape <"$real") <(tree_shape <"$LAB_DIR/tree") >&2 ||
		fail "the tree is not as flanneld leaves it, see above"
}
