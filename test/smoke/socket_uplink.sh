#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The socket uplink between its own kind, one that sends by UDP sockets, one on AF_XDP, and a kernel
# peer: pings, contents, ECN; super-packets whole where the underlay carries them, cut where it does
# not; fragments by a router's smaller MTU; kill -9 and back, with nothing left in between.
# runs: asan
. "$(dirname "$0")/lib.sh"

kind() {
	ctl "$1" ports | json '.[] | select(.name == "eth0") | .kind'
}
pairs() {
	local from to
	while read -r from to; do
		reach "$from" "$to"
		expect "4 MB from $from to $to arrive unchanged" tcp_copy "$from" "$to" 4
	done
}
holders() { # of the overlay's port on a
	on a ss -Hlnu 'sport = :8472' | wc -l
}

lab_up
ovnet_host a --uplink=iface=eth0,driver=socket --dpdk-workers=2
ovnet_host b --uplink=iface=eth0,driver=socket,send=udp
ovnet_host x --uplink=iface=eth0,driver=af_xdp
linux_host c
equal "uplinks of a, b, x" "socket socket af_xdp" "$(kind a) $(kind b) $(kind x)"
for pair in "a b" "b a" "a c" "c a" "b c" "c b" "a x" "x a"; do
	read -r from to <<<"$pair"
	all_arrive "$from" "$to" 62
	pairs <<<"$pair"
done

# Cuts and outer checksums left to devices that are not there: whole packets cross. A kernel vxlan
# device would leave inner checksums as well, which nobody finishes in front of a socket.
for h in a b; do
	on $h ethtool -K eth0 tx on >/dev/null
	on fabric ethtool -K $h tx on >/dev/null
done
pairs <<-END
	a b
	b a
	a c
	c a
	b c
	c b
END
equal "what the kernel lost of a's" 0 "$(ctl a ports | json '.[] | select(.name == "eth0") | .missed')"

# A router on the way from c to a cuts what the overlay makes of full packets.
on fabric sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 \
	net.ipv4.conf.fab0.send_redirects=0
on c ip route add "$(host_ip a)/32" via "$LAB_GATEWAY"
on fabric ip route add "$(host_ip a)/32" dev fab0 mtu lock 1400
capture_start a "dst host $(host_ip a) and ip[6:2] & 0x3fff != 0"
pairs <<<"c a"
capture_stop
expect "the way is one of fragments" [ "$(captured_packets a)" -gt 100 ]
on c ip route del "$(host_ip a)/32"

ovnetd_kill9 a
within 5 "nobody holds the port" eval '[ "$(holders)" = 0 ]'
ovnetd_start a --uplink=iface=eth0,driver=socket --dpdk-workers=2
ovnetd_wait a
pairs <<-END
	a c
	c a
END
