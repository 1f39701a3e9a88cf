#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# TCP between ovnet and the kernel's vxlan, both ways: what arrives is what was sent, and a
# full-size segment fits the MTU in subnet.env.
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a
ovnet_host b
linux_host c
for pair in "a c" "c a" "a b" "b a"; do
	read -r from to <<<"$pair"
	reach "$from" "$to"
	expect "16 MB from $from to $to arrive unchanged" tcp_copy "$from" "$to" 16
	expect "a packet of 1450 bytes crosses unfragmented" \
		in_pod "$from" ping -q -c 1 -W 2 -M 'do' -s 1422 "$(pod_ip "$to")" >/dev/null
done
