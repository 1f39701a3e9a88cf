#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A way narrower than the host device: what may be cut arrives in pieces, the sender of what may
# not is told the MTU that fits. A neighbour that is gone: its hosts are unreachable, at once.
# runs: asan
. "$(dirname "$0")/lib.sh"

made() {
	ctl a stats | json ".$1"
}
# told OPTION... PATTERN: a ping from a's pod to b's (or TO's) says so.
TO=b
told() {
	local out
	out=$(in_pod a ping -n -c 1 -W 1 "${@:1:$#-1}" "$(pod_ip "$TO")" 2>&1 || true)
	[[ $out == *"${!#}"* ]]
}
cut() {
	told -M dont -s 1400 " 0% packet loss" && [ "$(made pieces)" -ge 1 ]
}

lab_up
ovnet_host a
linux_host b
linux_host c
reach a b
reach a c
equal "answers and pieces so far" "0 0" "$(made answers) $(made pieces)"
ip -n "$LAB-a" route add "$(host_ip b)/32" dev eth0 mtu 1400
within 5 "packets without DF arrive in pieces" cut
equal "packets dropped as oversize" 0 "$(drops a oversize)"
expect "the pod is told the MTU of the way" told -M "do" -s 1400 "mtu = 1350"
equal "packets dropped as oversize" 1 "$(drops a oversize)"
expect "packets as large as told arrive" told -M "do" -s 1322 " 0% packet loss"
expect "tracepath finds it" in_pod a sh -c "tracepath -n $(pod_ip b) | grep -q 'pmtu 1350'"

port_down b
ip -n "$LAB-a" neigh flush dev eth0 nud all || true
ip -n "$LAB-a" neigh del "$(host_ip b)" dev eth0 2>/dev/null || true
within 60 "the pod is told that b is out of reach" told "Destination Host Unreachable"
expect "by b's end of the tunnel" told "From $(base b) icmp_seq=1 Destination Host"
port_up b
reach a b

# Two peers behind one gateway, each with an MTU of its own, whichever was told last.
ip -n "$LAB-fabric" addr add 10.168.0.253/24 dev fab0
on fabric sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 \
	net.ipv4.conf.fab0.send_redirects=0
for last in b c; do
	for host in c b "$last"; do
		mtu=$([ "$host" = b ] && echo 1400 || echo 1500)
		ip -n "$LAB-a" route replace "$(host_ip "$host")/32" via 10.168.0.253 mtu "$mtu"
	done
	in_pod a ip route flush cache # the pod remembers what it was told
	TO=b within 5 "the pod is told b's MTU" told -M "do" -s 1400 "mtu = 1350"
	TO=c within 5 "c's is larger" told -M "do" -s 1400 " 0% packet loss"
done
