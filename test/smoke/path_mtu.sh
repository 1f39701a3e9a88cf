#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A way narrower than the host device: what may be cut arrives in pieces, the sender of what may
# not is told the MTU that fits. A neighbour that is gone: its hosts are unreachable, at once.
# runs: asan
. "$(dirname "$0")/lib.sh"

made() {
	ctl a stats | json ".$1"
}
# told OPTION... PATTERN: a ping from a's pod to b's says so.
told() {
	local out
	out=$(in_pod a ping -n -c 1 -W 1 "${@:1:$#-1}" "$(pod_ip b)" 2>&1 || true)
	[[ $out == *"${!#}"* ]]
}
cut() {
	told -M dont -s 1400 " 0% packet loss" && [ "$(made pieces)" -ge 1 ]
}

lab_up
ovnet_host a
linux_host b
reach a b
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
