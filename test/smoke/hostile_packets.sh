#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Broken packets from the wire and from the host itself, by the thousand: every one is delivered
# or counted, no buffer is lost, and the daemon goes on forwarding. Once with AF_XDP, once with
# AF_PACKET and two workers, once with sockets, where the kernel has taken the worst out.
#
# OVNET_HOSTILE=N: N packets each way instead of 20,000; OVNET_SEED: others than usual.
# runs: asan
. "$(dirname "$0")/lib.sh"

# What came in or was made (errors, pieces, segments; less what was merged), what went out, what was refused by a reason, over all
# ports, and the fragments that are part of another packet.
balance() {
	local rx made tx refused absorbed
	rx=$(ctl "$1" ports | jq '[.[].rx_packets] | add')
	tx=$(ctl "$1" ports | jq '[.[].tx_packets] | add')
	refused=$(ctl "$1" drops | jq '[.[] | select(.port == null) | .packets] | add // 0')
	absorbed=$(ctl "$1" stats | json .absorbed)
	made=$(ctl "$1" stats | json '.answers + .pieces + .segments - .merged')
	echo "$((rx + made)) $tx $refused $absorbed"
}
balanced() {
	local rx tx refused absorbed
	read -r rx tx refused absorbed < <(balance "$1")
	[ "$rx" = $((tx + refused + absorbed)) ]
}
# Drivers keep up to 64 buffers ready for each queue.
buffers_back() {
	[ "$(ctl "$1" status | json .dpdk.mbufs_free)" -ge $((8192 - 256)) ]
}
send() {
	local ns=$1
	shift
	on "$ns" "$OVNET_ROOT/test/smoke/lib/hostile_send.py" "$@" --seed "${OVNET_SEED:-1}" \
		--count "${OVNET_HOSTILE:-20000}"
}
address() {
	on "$1" cat /sys/class/net/eth0/address
}
# By the kernel's own way: fragments, no UDP checksum, sizes around the MTU.
send_sizes() {
	on "$1" python3 - "$2" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.setsockopt(socket.SOL_SOCKET, 11, 1)  # SO_NO_CHECK
		for size in list(range(0, 40)) + list(range(1400, 1480)) + [3000, 9000, 65507]:
		    s.sendto(bytes(size), (sys.argv[1], 9))
	END
}

# attack HOST: from host b, and from HOST itself.
attack() {
	local sent rx tx refused absorbed reasons
	reach "$1" b
	sent=$(send b wire --dev eth0 --outer-src "$(host_ip b)" --to "$(host_ip "$1")" \
		--largest 1700 --src-mac "$(address b)" --dst-mac "$(address "$1")" \
		--inner-mac "$(vtep_mac "$(subnet "$1")")" --inner-src "$(pod_ip b)" \
		--inner-dst "$(pod_ip "$1")")
	sent=$((sent + $(send "$1" host --dev ovnet0 --largest 1450 \
		--inner-src "$(base "$1")" --inner-dst "$(pod_ip b)")))
	send_sizes "$1" "$(pod_ip b)"
	within 5 "what came into $1 is what went out and what was refused" balanced "$1"
	within 5 "all buffers of $1 are free again" buffers_back "$1"
	read -r rx tx refused absorbed < <(balance "$1")
	say "$sent sent; $rx received = $tx sent on + $refused refused + $absorbed absorbed"
	expect "most of it reached the daemon" [ "$rx" -gt $((sent / 2)) ]
	reasons=$(ctl "$1" drops | jq '[.[] | select(.port == null)] | length')
	expect "many kinds of broken, but $reasons" [ "$reasons" -ge 12 ]
	all_arrive "$1" b 62
	all_arrive b "$1" 62
}

LAB_MTU=1700
lab_up '{"Network":"10.5.0.0/16","SubnetLen":24,"Backend":{"Type":"vxlan","MTU":1500}}'
ovnet_host a --uplink=iface=eth0,driver=af_xdp
ovnet_host c --uplink=iface=eth0,driver=af_packet --dpdk-workers=2
ovnet_host d --uplink=iface=eth0,driver=socket
linux_host b
attack a
attack c
attack d
