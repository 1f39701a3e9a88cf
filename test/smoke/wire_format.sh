#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What ovnet puts on the wire is what flannel's kernel device would: outer IPv4 with DF clear
# and TTL 64, UDP to 8472 from a port that is one per flow, VXLAN flags 08 and VNI 1, inner MACs
# those of the leases, every checksum right or absent.
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a
linux_host b
reach a b

capture_start a "udp port 8472 and src host $(host_ip a)"
all_arrive a b 62
for i in 1 2 3 4 5 6 7 8; do
	expect "copy $i" tcp_copy a b 1
done
capture_stop

equal "DF, TTL, port, flags, VNI" "0 64 8472 0x0800 1" "$(captured a ip.flags.df ip.ttl \
	udp.dstport vxlan.flags vxlan.vni | sed -E 's/^(.),[^ ]* ([0-9]+),[^ ]*/\1 \2/' | sort -u)"
equal "inner source MAC" "$(vtep_mac "$(subnet a)")" "$(captured a eth.src | cut -d, -f2 | sort -u)"
equal "inner target MAC" "$(vtep_mac "$(subnet b)")" "$(captured a eth.dst | cut -d, -f2 | sort -u)"
# 1: good, 3: not there (UDP over IPv4 only). Never bad (0) or unverified (2).
bad=$(captured a ip.checksum.status udp.checksum.status tcp.checksum.status | grep -c '[02]' || true)
equal "packets with a bad checksum" 0 "$bad"

ports=$(captured a udp.srcport)
expect "source ports between 32768 and 60999" \
	[ -z "$(awk '$1 < 32768 || $1 > 60999' <<<"$ports")" ]
flows=$(captured a udp.srcport tcp.srcport | awk 'NF == 2' | sort -u)
equal "source ports per TCP flow" 1 "$(cut -d' ' -f2 <<<"$flows" | sort | uniq -c |
	awk '{ print $1 }' | sort -u)"
expect "flows differ in source port" [ "$(cut -d' ' -f1 <<<"$flows" | sort -u | wc -l)" -ge 4 ]
