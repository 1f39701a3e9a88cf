#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# flannel's udp backend, between ovnet and a host that does exactly what flanneld does: both ways,
# MTU 1472, pod to pod TTL 60, one datagram per packet from port 8285 to 8285 with DF set, no
# BackendType in the lease.
# runs: asan
export LAB_BACKEND=udp
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a
linux_host b
ovnet_host c

backend_both_ways a b 4 1472 60
backend_both_ways a c 4 1472 60
equal "lease of a" "{\"PublicIP\":\"$(host_ip a)\",\"PublicIPv6\":null}" "$(lease_value "$(subnet a)")"
equal "FLANNEL_MTU" 1472 "$(env_value a MTU)"

capture_start a "udp and src host $(host_ip a)"
expect "ping" ping_once a b
capture_stop
equal "DF, TTL, ports" "1 64 8285 8285" "$(captured a ip.flags.df ip.ttl udp.srcport udp.dstport |
	sed -E 's/^(.),[^ ]*/\1/; s/^([^ ]*) ([0-9]+),[^ ]*/\1 \2/; s/,/ /g' | sort -u)"

# A datagram that is no IPv4 packet, and one from nobody's address, change nothing.
on b python3 - "$(host_ip a)" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	for data in (b"", b"x", bytes(20), b"\x60" + bytes(60), b"\x45" + bytes(1500)):
	    s.sendto(data, (sys.argv[1], 8285))
END
within 5 "the broken ones are counted" dropped a bad-ip 1
expect "ping after them" ping_once a b
