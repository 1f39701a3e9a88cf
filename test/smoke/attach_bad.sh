#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Attach ports that cannot be: what is wrong in itself is refused with the cure; what the machine or
# the lease does not fit is a warning, the daemon and its other ports go on, and it comes right.
# runs: asan
. "$(dirname "$0")/lib.sh"

# check LINE REGEX PORTS: --check-config refuses.
check() {
	local out
	printf 'ports = (\n%s\n);\n' "$3" >"$LAB_DIR/a/bad.conf"
	! out=$(on a timeout 10 "$OVNETD" --config "$LAB_DIR/a/bad.conf" --check-config 2>&1) ||
		fail "accepted: $out"
	expect "line $1 and '$2' in: $out" grep -Eq "bad.conf:$1:.*$2" <<<"$out"
}

warned() {
	ctl a status | jq -e --arg re "$1" '.warnings | any(test($re))' >/dev/null
}

not_warned() {
	! warned "$1"
}

is_open() {
	[ "$(ctl a ports | json "[.[] | select(.name == \"$1\" and .link)] | length")" = 1 ]
}

lab_up
host_add a ovnet
check 2 'without addresses; give' '{ name = "a"; driver = "tap"; }'
check 2 'driver vhost without path; give the socket' \
	'{ name = "a"; driver = "vhost"; addresses = "10.5.1.7"; }'
check 3 'is port a.s already; give this one another' \
	'{ name = "a"; driver = "tap"; addresses = "10.5.1.7"; },
{ name = "b"; driver = "tap"; addresses = "10.5.1.7"; }'
ovnetd_refuses a '2048 packet buffers are too few, as gen0 4 x 2048 \+ workers 1 x 128 = 8320' \
	--dpdk-mbufs=2048 \
	--port=name=gen0,addresses=10.5.1.7,queues=4,descriptors=2048,devargs=net_null0

ovnetd_start a --port=name=far,addresses=10.99.1.7,devargs=net_null0,no-rx=1 \
	--port=name=veth,driver=af_xdp,iface=g0,addresses=10.99.1.8 \
	--port=name=bad,addresses=10.99.1.9,devargs=net_none0 \
	--port=name=box,driver=tap,mac=02:00:00:00:00:07,addresses=10.99.1.10
ovnetd_wait a
expect "the one that can be opened is" is_open far
expect "addresses outside are told" \
	warned "10.99.1.7/32 of port far is not in this node's subnet $(subnet a)"
expect "ports that are not open are told" warned '2 of 4 attach ports are not open, veth for one'
expect "the TAP is there" is_open box
equal "MAC of its far end" 02:00:00:00:00:07 "$(on a cat /sys/class/net/box/address)"
expect "the reason is in the log" logged a 'port veth: there is no interface g0'
expect "the reason is in the log" logged a "port 'bad'"
ip -n "$LAB-a" link add g0 type veth peer name g1
ip -n "$LAB-a" link set g1 up
ip -n "$LAB-a" link set g0 up
within 5 "the port opens when its interface is there" is_open veth
expect "one is left" warned '1 of 4 attach ports are not open, bad for one'
ip -n "$LAB-a" link del g0
within 5 "an interface that is gone is told" warned '2 of 4 attach ports are not open'
ip -n "$LAB-a" link add g0 type veth peer name g1
ip -n "$LAB-a" link set g1 up
ip -n "$LAB-a" link set g0 up
within 5 "and opened again" is_open veth
was=$(on a cat /sys/class/net/box/ifindex)
ip -n "$LAB-a" link del box
within 5 "a deleted TAP is made anew" eval '[ "$(on a cat /sys/class/net/box/ifindex)" -gt "$was" ]'
within 5 "and open" eval 'is_open box && warned "1 of 4 attach ports are not open"'
ovnetd_stop a
