#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The uplink in an operator's hands: another MAC, another MTU, its address taken away, deleted and
# made again, lent to another network namespace. Each shows in the status, none needs a restart.
# runs: asan
. "$(dirname "$0")/lib.sh"

warns() { # warns REGEX
	ctl a status | jq -e --arg r "$1" '.warnings | any(test($r))'
}
healthy() {
	[ "$(ctl a status | jq -r .health)" = ok ]
}
lab_up
ovnet_host a
linux_host b
reach a b
on a ip link set eth0 address 02:00:00:aa:bb:01
within 5 "ports show the new MAC" eval 'ctl a ports | grep -q 02:00:00:aa:bb:01'
reach a b
capture_start a "udp port 8472 and src host $(host_ip a)"
reach a b
capture_stop
equal "source MACs on the wire" 02:00:00:aa:bb:01 "$(captured a eth.src | cut -d, -f1 | sort -u)"

on a ip link set eth0 mtu 1400
within 5 "a warning about the MTU" warns "eth0 has MTU 1400, too little"
on a ip link set eth0 mtu 1500
on a ip addr del "$(host_ip a)/24" dev eth0
within 5 "a warning about the address" warns "no uplink has the address $(host_ip a)"
on a ip addr add "$(host_ip a)/24" dev eth0
within 5 "all is well again" healthy
reach a b

on a ip link del eth0
within 5 "a warning that it is gone" warns "eth0 is gone"
plug a
on a ip addr add "$(host_ip a)/24" dev eth0
within 5 "all is well again" healthy
reach a b
all_arrive b a 62

# There and back it is the same device, with the program it left with.
on a ip link set dev eth0 netns "$LAB-b" name lent
within 5 "a warning that it is gone" warns "eth0 is gone"
on b ip link set dev lent netns "$LAB-a" name eth0
on a ip link set dev eth0 up
on a ip addr add "$(host_ip a)/24" dev eth0
within 5 "all is well again" healthy
reach a b
