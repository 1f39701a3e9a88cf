# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# An etcd of three members, m1 to m3, that want client certificates. Clients reach them on the
# fabric; among themselves they talk over cables of their own, to be pulled one by one.
#
#   eth0 10.168.0.N (clients) -- [mN] -- peer 10.169.0.N -- peers0 [fabric]

# shellcheck disable=SC2120
# cluster_up [JSON]: the lab as lab_up makes it, with that etcd.
cluster_up() {
	export LAB_ETCD_TLS=1 LAB_ETCD_MEMBERS=3
	local n
	etcd_choose
	lab_create
	fabric_up
	ip -n "$LAB-fabric" link add peers0 type bridge forward_delay 0 mcast_snooping 0
	ip -n "$LAB-fabric" link set peers0 up
	tls_up
	for n in 1 2 3; do
		member_add $n
		member_start "m$n"
	done
	cluster_wait
	netconf "${1:-$NETCONF}"
}

# cluster_hosts [FLAG...]: two ovnet hosts, a and b, a kernel peer, c, and a flow between two
# of them: a and b, or CLUSTER_FLOW. The flags are for ovnetd.
cluster_hosts() {
	local from to
	read -r from to <<<"${CLUSTER_FLOW:-a b}"
	linux_host c
	ovnet_host a "$@"
	ovnet_host b "$@"
	reach a b
	reach a c
	reach c b
	reach "$to" "$from"
	flow_start "$from" "$to"
}

cluster_lab() {
	# shellcheck disable=SC2119
	cluster_up
	cluster_hosts
}

member_add() {
	local m=m$1
	mkdir "$LAB_DIR/$m"
	ns_add "$m"
	plug "$m"
	ip -n "$LAB-$m" addr add "10.168.0.$1/24" dev eth0
	cable "$m" peer fabric "$m-peer"
	ip -n "$LAB-fabric" link set dev "$m-peer" master peers0
	ip -n "$LAB-$m" addr add "10.169.0.$1/24" dev peer
}

member_url() {
	echo "https://10.168.0.${1#m}:2379"
}

member_start() {
	local n=${1#m} tls
	[ -e "$TLS/$1.crt" ] || members_cert ca
	mapfile -t tls < <(tls_etcd_flags "$1")
	spawn "$LAB_DIR/$1/log" ip netns exec "$LAB-$1" etcd --name "$1" \
		--data-dir "$LAB_DIR/$1/data" --logger zap --log-level warn \
		--listen-client-urls "$(member_url "$1"),http://127.0.0.1:2379" \
		--advertise-client-urls "$(member_url "$1")" \
		--listen-peer-urls "http://10.169.0.$n:2380" \
		--initial-advertise-peer-urls "http://10.169.0.$n:2380" --initial-cluster \
		m1=http://10.169.0.1:2380,m2=http://10.169.0.2:2380,m3=http://10.169.0.3:2380 \
		"--enable-v2=$(over_v2 && echo true || echo false)" "${tls[@]}"
	echo "$SPAWNED" >"$LAB_DIR/$1/etcd.pid"
}

# members_cert CA [NAMES [END]]: what they show from now on, by default for their own addresses.
members_cert() {
	local n
	for n in 1 2 3; do
		tls_cert "m$n" "$1" "${2:-IP:10.168.0.$n}" "${3:-1 day}"
	done
}

member_kill9() {
	local pid
	pid=$(<"$LAB_DIR/$1/etcd.pid")
	rm "$LAB_DIR/$1/etcd.pid"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || true
}

# Asked kindly, the last ones would wait for those who went first.
members_end() {
	local m
	for m in m1 m2 m3; do
		[ ! -e "$LAB_DIR/$m/etcd.pid" ] || member_kill9 $m
	done
}

# member_cut NAME, member_join NAME: its cable to the other members. Clients still reach it.
member_cut() {
	ip -n "$LAB-fabric" link set dev "$1-peer" down
}

member_join() {
	ip -n "$LAB-fabric" link set dev "$1-peer" up
}

# A quorum reads and writes.
cluster_wait() {
	within 30 "etcd has a quorum" etcdctl put /ovnet-lab/ping "$(now_us)"
}

leader() {
	local m
	for m in m1 m2 m3; do
		if on "$m" env ETCDCTL_API=3 etcdctl endpoint status -w json 2>/dev/null |
			jq -e '.[0].Status | .leader == .header.member_id' >/dev/null; then
			echo $m
			return
		fi
	done
	fail "no member of etcd leads"
}

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
	! ctl "$1" peers | grep -q "10.5.$2.0/24"
}

# What etcd holds, names and numbers that differ from run to run aside, each shape once.
tree_shape() {
	sed -nE 's/\\//g
		s/^ +//
		s/,$//
		s/[0-9a-f]{2}(:[0-9a-f]{2}){5}/MAC/g
		s/10\.168\.0\.[0-9]+/ADDRESS/g
		s/10\.5\.[0-9]+\.0-24/SUBNET/g
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

# host_cut HOST, host_join HOST: its way to etcd, and nothing else. What is open breaks.
host_cut() {
	local n
	for n in 1 2 3; do
		ip -n "$LAB-$1" route add prohibit "10.168.0.$n"
	done
	on "$1" ss -tK dport = 2379 >/dev/null
}

host_join() {
	local n
	for n in 1 2 3; do
		ip -n "$LAB-$1" route del prohibit "10.168.0.$n"
	done
}
