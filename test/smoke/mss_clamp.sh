#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# encap.mss-clamp: pods with too large an MTU behind something that eats ICMP get TCP through in
# both directions, because ovnet lowers what they offer each other; without it they do not.
. "$(dirname "$0")/lib.sh"

# deaf_pod HOST: MTU 1500, and no ICMP errors.
deaf_pod() {
	ip -n "$LAB-$1" link set dev pod mtu 1500
	ip -n "$LAB-$1" link set dev cni0 mtu 1500
	ip -n "$LAB-$1-pod" link set dev eth0 mtu 1500
	in_pod "$1" nft -f - <<-'END'
		table ip deaf {
			chain in {
				type filter hook input priority 0
				icmp type destination-unreachable drop
			}
		}
	END
}
# offers_start HOST: what its pod is offered. offers: the MSS values so far.
offers_start() {
	: >"$LAB_DIR/$1/offers"
	spawn "$LAB_DIR/$1/offers" ip netns exec "$LAB-$1-pod" tcpdump -i eth0 -n -l -Q in \
		'tcp[tcpflags] & tcp-syn != 0'
	within 5 "tcpdump listens" grep -q 'listening on' "$LAB_DIR/$1/offers"
}
offers() {
	grep -o 'mss [0-9]*' "$LAB_DIR/$1/offers" | sort -u | paste -sd' '
}
lab_up
ovnet_host a
linux_host b
ovnet_host c
reach a b
reach a c
for h in a b c; do
	deaf_pod $h
done
! tcp_copy a c 1 || fail "TCP came through without the clamp: the test tests nothing"

ovnetd_stop a
ovnetd_start a --encap-mss-clamp=on
ovnetd_wait a
reach a b
reach a c
for h in a b c; do
	offers_start $h
done
for peer in b c; do
	expect "TCP from a to $peer" tcp_copy a $peer 2
	expect "TCP from $peer to a" tcp_copy $peer a 2
done
equal "MSS that b's pod was offered" "mss 1410" "$(offers b)"
equal "MSS that c's pod was offered" "mss 1410" "$(offers c)"
equal "MSS that a's pod was offered" "mss 1410" "$(offers a)"
