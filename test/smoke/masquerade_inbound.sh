#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# With --ip-masq, as seen with flanneld: what is routed in from outside keeps its address at the
# node that has the pod, and gets that node's overlay address at any other, so that the pod's node
# takes it for a peer's and the answer finds its way back. Hosts speak to pods by their overlay
# address.
. "$(dirname "$0")/lib.sh"

# watch NS ADDRESS...: counts echo requests by source.
watch() {
	local a
	{
		printf '%s\n' "table ip watch {" "chain in {" "type filter hook input priority 0"
		for a in "${@:2}"; do
			echo "ip saddr $a icmp type echo-request counter"
		done
		printf '%s\n' "}" "}"
	} | ip netns exec "$LAB-$1" nft -f -
}
# seen NS ADDRESS
seen() {
	ip netns exec "$LAB-$1" nft list table ip watch |
		awk -v a="$2" '$3 == a { for (i = 4; i < NF; i++) if ($i == "packets") print $(i + 1) }'
}
# ping_from HOST: its ping of the pod of a.
ping_from() {
	on "$1" ping -n -c 1 -W 1 "$(pod_ip a)"
}
lab_up
ovnet_host a --ip-masq
ovnet_host b --ip-masq
host_add o outside
reach a b
watch a-pod "$(host_ip o)" "$(base b)" "$(base a)" "$(host_ip b)"

ip -n "$LAB-o" route add 10.5.0.0/16 via "$(host_ip a)"
within 5 "an answer through the pod's own node" ping_from o
expect "the pod sees the outside address" [ "$(seen a-pod "$(host_ip o)")" -gt 0 ]
equal "what it sees of other addresses" "0 0 0" \
	"$(seen a-pod "$(base b)") $(seen a-pod "$(base a)") $(seen a-pod "$(host_ip b)")"

before=$(seen a-pod "$(host_ip o)")
ip -n "$LAB-o" route replace 10.5.0.0/16 via "$(host_ip b)"
on b sysctl -qw net.ipv4.conf.all.send_redirects=0
within 5 "an answer through the other node" ping_from o
expect "the pod sees the other node's overlay address" [ "$(seen a-pod "$(base b)")" -gt 0 ]
equal "what came with the outside address" "$before" "$(seen a-pod "$(host_ip o)")"
equal "packets refused for their inner source" 0 "$(drops a inner-source)"

before=$(seen a-pod "$(base b)")
expect "an answer to the other node itself" ping_from b
expect "it came from its overlay address" [ "$(seen a-pod "$(base b)")" -gt "$before" ]
