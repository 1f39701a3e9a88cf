# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2119,SC2120
# An etcd of three members, m1 to m3, that want client certificates. Clients reach them on the
# fabric; among themselves they talk over cables of their own, to be pulled one by one.
#
#   eth0 10.168.0.N (clients) -- [mN] -- peer 10.169.0.N -- peers0 [fabric]

# cluster_bare: the lab with that etcd, which is empty.
cluster_bare() {
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
	done
	members_start
	within 30 "all members of etcd answer" etcdctl endpoint health
}

# cluster_up [JSON]: the lab as lab_up makes it, with that etcd.
cluster_up() {
	cluster_bare
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

members_start() {
	local m
	for m in m1 m2 m3; do
		member_start $m
	done
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

# All that are there. Asked kindly, the last ones would wait for those who went first.
members_kill9() {
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
