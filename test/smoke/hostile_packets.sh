#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Broken packets from the wire and from the host itself, by the thousand: every one is delivered
# or counted, no buffer is lost, and the daemon goes on forwarding.
#
# OVNET_HOSTILE=N: N packets each way instead of 20,000; OVNET_SEED: others than usual.
. "$(dirname "$0")/lib.sh"

# What came in, what went out and what was refused by a reason, over all doors.
balance() {
	local rx tx refused
	rx=$(ctl a ports | jq '[.[].rx_packets] | add')
	tx=$(ctl a ports | jq '[.[].tx_packets] | add')
	refused=$(ctl a drops | jq '[.[] | select(.port == null) | .packets] | add // 0')
	echo "$rx $tx $refused"
}
balanced() {
	local rx tx refused
	read -r rx tx refused < <(balance)
	[ "$rx" = $((tx + refused)) ]
}
# A host queue keeps up to 32 buffers ready.
buffers_back() {
	[ "$(ctl a status | json .dpdk.mbufs_free)" -ge $((8192 - 32)) ]
}

count=${OVNET_HOSTILE:-20000}
LAB_MTU=1700
lab_up '{"Network":"10.5.0.0/16","SubnetLen":24,"Backend":{"Type":"vxlan","MTU":1500}}'
ovnet_host a
linux_host b
reach a b

send() {
	local ns=$1
	shift
	on "$ns" "$OVNET_ROOT/test/smoke/lib/hostile_send.py" "$@" --count "$count" \
		--seed "${OVNET_SEED:-1}"
}
rx_before=$(ctl a ports | jq '[.[].rx_packets] | add')
sent=$(send b wire --dev eth0 --outer-src "$(host_ip b)" --to "$(host_ip a)" --largest 1700 \
	--src-mac "$(on b cat /sys/class/net/eth0/address)" \
	--dst-mac "$(on a cat /sys/class/net/eth0/address)" --inner-mac "$(vtep_mac "$(subnet a)")" \
	--inner-src "$(pod_ip b)" --inner-dst "$(pod_ip a)")
sent=$((sent + $(send a host --dev ovnet0 --largest 1450 --inner-src "$(base a)" \
	--inner-dst "$(pod_ip b)")))
# By the kernel's own way: fragments, no UDP checksum, sizes around the MTU.
on a python3 - "$(pod_ip b)" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.setsockopt(socket.SOL_SOCKET, 11, 1)  # SO_NO_CHECK
	for size in list(range(0, 40)) + list(range(1400, 1480)) + [3000, 9000, 65507]:
	    s.sendto(bytes(size), (sys.argv[1], 9))
END
within 5 "what came in is what went out and what was refused" balanced
within 5 "all buffers are free again" buffers_back
read -r rx tx refused < <(balance)
say "$sent sent; $rx received = $tx sent on + $refused refused"
expect "most of it reached the daemon" [ $((rx - rx_before)) -gt $((sent / 2)) ]
reasons=$(ctl a drops | jq '[.[] | select(.port == null)] | length')
expect "many kinds of broken, but $reasons" [ "$reasons" -ge 12 ]
all_arrive a b 62
all_arrive b a 62
