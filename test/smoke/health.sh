#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Probes, metrics and `ovnetctl health` through a node's life: a port that is taken, no config yet,
# at work, etcd away, a device down, the subnet another node's, ended.
# runs: asan
. "$(dirname "$0")/lib.sh"

PORT=8471

# page HOST PATH: its status, and behind it what it says.
page() {
	on "$1" curl -s -m 3 -w '\n%{http_code}\n' "http://127.0.0.1:$PORT$2" | tac
}

# answers HOST PATH STATUS [REGEX]
answers() {
	local text
	text=$(page "$1" "$2")
	[ "${text%%$'\n'*}" = "$3" ] && grep -Eq -- "${4:-}" <<<"$text"
}

# metric HOST SERIES: its value.
metric() {
	page "$1" /metrics | awk -v s="$2" '$1 == s { print $2 }'
}

metric_is() {
	[ "$(metric "$1" "$2")" = "$3" ]
}

# health HOST STATUS [REGEX]: of ovnetctl, whatever else it says.
health() {
	local text rc=0
	text=$("$OVNETCTL" --socket "$LAB_DIR/$1/ctl.sock" health 2>&1) || rc=$?
	[ "$rc" = "$2" ] && grep -Eq -- "${3:-}" <<<"$text"
}

lab_create
fabric_up
etcd_start
host_add a ovnet
expect "health without a daemon is not known" health a 3 "no ovnetd listens there"
spawn "$LAB_DIR/nc.log" ip netns exec "$LAB-a" nc -l 127.0.0.1 $PORT
holder=$SPAWNED
within 5 "somebody has the port" eval "on a ss -Hltn | grep -q :$PORT"
ovnetd_start a "--healthz-port=$PORT"
within 10 "that is said" logged a "another program has the port"
end_process "$holder" 5 || true
within 10 "a answers probes" answers a /healthz 200 '^flanneld is running$'
equal "flannel's words, to the byte" "flanneld is running" "$(on a curl -s "http://127.0.0.1:$PORT/healthz")"
within 10 "not ready without a network config" answers a /readyz 503 "^starting: .*waiting for the network config"
within 5 "nor healthy" health a 2 "^critical  starting: "
expect "nobody else reaches them" eval "! on a curl -s -m 3 http://$(host_ip a):$PORT/healthz"
equal "POST" 405 "$(on a curl -s -o /dev/null -w '%{http_code}' -d x "http://127.0.0.1:$PORT/healthz")"

netconf "$NETCONF"
ovnetd_wait a
pod_add a
within 5 "ready with a lease" answers a /readyz 200 '^flanneld is ready$'
fake_peer 77
within 20 "nobody answers for one that is not there" metric_is a 'ovnet_next_hops{state="failed"}' 1
expect "it was the only one" health a 1 "^warning   next-hops: no other node is reached: none of the 1"
linux_host b
reach a b
expect "now there is another" eval '! health a 1 "^warning   next-hops:"'
lease_delete "10.5.77.0/24"
within 5 "one that went is not asked for" metric_is a 'ovnet_next_hops{state="failed"}' 0
page a /metrics | tail -n +2 | tac >"$LAB_DIR/metrics"
expect "promtool takes the metrics: $(promtool check metrics <"$LAB_DIR/metrics" 2>&1)" \
	eval 'promtool check metrics <"$LAB_DIR/metrics"'
equal "peers" 1 "$(metric a 'ovnet_peers{state="ok"}')"
equal "its host answers" 1 "$(metric a 'ovnet_next_hops{state="resolved"}')"
equal "etcd" 1 "$(awk '/^ovnet_etcd_up\{/ { print $2 }' "$LAB_DIR/metrics")"
expect "packets by port and queue" \
	[ "$(metric a 'ovnet_port_rx_packets_total{port="ovnet0",queue="0"}')" -gt 0 ]
expect "the lease ends in the future" eval '[ "$(awk "/^ovnet_lease_expiry_timestamp_seconds / { printf \"%d\", \$2 }" "$LAB_DIR/metrics")" -gt "$(date +%s)" ]'
for family in build_info worker_busy_ratio drop_packets_total loop_longest_turn_seconds memory_mbufs; do
	expect "there is ovnet_$family" grep -q "^ovnet_${family}[{ ]" "$LAB_DIR/metrics"
done
if [ "$(ctl a status | json .dpdk.memory)" != hugepages ]; then
	expect "a missing hugepage is a warning" health a 1 "^warning   hugepages: "
else
	expect "all is well" health a 0 '^ovnet ok: forwarding, 0 critical'
fi

etcd_stop
within 10 "etcd is away" metric_is a ovnet_etcd_connected 0
expect "which is no reason to send no packets" answers a /readyz 200
expect "but a warning" health a 1 "^warning   etcd: "
etcd_start
within 15 "etcd is back" metric_is a ovnet_etcd_connected 1

on a ip link set ovnet0 down
within 5 "the host device is down" answers a /readyz 503 '^host-down: '
on a ip link set ovnet0 up
within 5 "and up" answers a /readyz 200

value=$(lease_value "$(subnet a)")
etcdctl put "$(lease_key "$(subnet a)")" "${value/$(host_ip a)/10.168.0.200}" >/dev/null
within 5 "the lease is another node's" answers a /readyz 503 '^lease-lost: .*10.168.0.200'
expect "which is worse than hugepages" health a 2 "^critical  lease-lost: "
within 2 "metrics say so" metric_is a ovnet_lease_held 0
equal "the same in JSON" "critical 2 false" \
	"$(ctl a health | jq -r '"\(.severity) \(.code) \(.ready)"' || true)"
lease_delete "$(subnet a)"
within 10 "it is ours again" answers a /readyz 200

ovnetd_stop a
expect "nobody listens any more" eval "! on a curl -s -m 3 http://127.0.0.1:$PORT/healthz"
ovnetd_start a "--healthz-port=$PORT" "--healthz-ip=$(host_ip a)"
ovnetd_wait a
equal "an address that was given wins" "flanneld is running" \
	"$(on b curl -s -m 3 "http://$(host_ip a):$PORT/healthz")"
