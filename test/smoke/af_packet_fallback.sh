#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Where AF_XDP cannot be had (here: MTU 9000 on a veth) ovnet falls back to AF_PACKET by itself
# and warns; asked for by name it is used without a warning. Traffic is the same.
LAB_MTU=9000
. "$(dirname "$0")/lib.sh"

kind() {
	ctl "$1" ports | json '.[] | select(.name == "eth0") | .kind'
}

lab_up
ovnet_host a
ovnet_host b --uplink=iface=eth0,driver=af_packet
linux_host c
equal "MTU in subnet.env" 8950 "$(env_value a MTU)"
equal "a's uplink" af_packet "$(kind a)"
equal "b's uplink" af_packet "$(kind b)"
expect "a warns" logged a "AF_PACKET because"
expect "b does not" eval '! logged b "AF_PACKET because"'
for pair in "a b" "b a" "a c" "c a"; do
	read -r from to <<<"$pair"
	reach "$from" "$to"
	all_arrive "$from" "$to" 62
	expect "8 MB from $from to $to arrive unchanged" tcp_copy "$from" "$to" 8
	expect "a packet of 8950 bytes crosses whole" \
		in_pod "$from" ping -q -c 1 -W 2 -M 'do' -s 8922 "$(pod_ip "$to")" >/dev/null
done
