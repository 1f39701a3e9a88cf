#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Packets flow between what is at one attach port and a pod of another node; meanwhile other ports of
# each kind come, change and go: none is lost, and nothing is left over in ovnetd.
# runs: alone
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib/port.sh"

ROUNDS=12

pod_ip() {
	[ "$1" = box ] && at 130 || address_plus "$(base "$1")" 2
}

# Packet buffers come back to the pool by way of the workers' caches: the files are counted here, at
# their fewest within a second, as connections come and go.
open_files() {
	local i
	for i in {1..10}; do
		find "/proc/$(ovnetd_pid a)/fd" -mindepth 1 | wc -l
		sleep 0.1
	done | sort -n | sed -n 1p
}

come_and_go() {
	expect "a TAP" port add tap0 driver=tap "addresses=$(at 140)"
	expect "a ring" port add ring0 devargs=net_ring0 "addresses=$(at 141)"
	expect "one that is polled for ever" port add null0 devargs=net_null0 "addresses=$(at 142)"
	expect "another address" port set tap0 "addresses=$(at 143)"
	expect "another MTU" port set tap0 mtu=1300
	expect "gone" eval 'port del null0 && port del ring0 && port del tap0'
}

lab_up
host_add a ovnet
linux_host b
ovnetd_start a --dpdk-workers=2 --dpdk-mbufs=16384
ovnetd_wait a
expect "the port" port add box driver=tap "addresses=$(at 130)"
ns_add box-pod
ip -n "$LAB-a" link set dev box netns "$LAB-box-pod" name eth0
ip -n "$LAB-box-pod" addr add "$(at 130)/24" dev eth0
ip -n "$LAB-box-pod" link set eth0 up
ip -n "$LAB-box-pod" route add default via "$(at 1)"
within 5 "they reach each other" on box-pod ping -c 1 -W 1 "$(pod_ip b)"
ip -n "$LAB-a" link add g0 type veth peer name g1
ip -n "$LAB-a" link set g1 up
ip -n "$LAB-a" link set g0 up
come_and_go # what is made once
expect "by AF_XDP" port add veth driver=af_xdp iface=g0 "addresses=$(at 150)"
expect "gone" port del veth
files=$(open_files)

flow_start box b
for _ in $(seq $ROUNDS); do
	come_and_go
done
expect "by AF_XDP" port add veth driver=af_xdp iface=g0 "addresses=$(at 150)"
expect "gone" port del veth
flow_ends
equal "open files of ovnetd" "$files" "$(open_files)"
equal "ports" box "$(port show --json | json 'map(.name) | join(" ")')"
ovnetd_stop a
