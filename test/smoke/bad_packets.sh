#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Packets no healthy peer sends: each kind is refused for its own reason, counted exactly, and
# the daemon goes on forwarding.
# runs: asan
export LAB_DRIVER=af_xdp # what is broken outside the kernel would drop, uncounted, in front of a socket
. "$(dirname "$0")/lib.sh"

# refused REASON SENDER [OPTION...]: five packets, otherwise good, from that host.
refused() {
	local reason=$1 sender=$2 before
	shift 2
	before=$(drops a "$reason")
	on "$sender" "$OVNET_ROOT/test/smoke/lib/vxlan_send.py" --to "$(host_ip a)" --count 5 \
		--inner-mac "$mac" --inner-src "$(pod_ip b)" --inner-dst "$(pod_ip a)" "$@"
	retry 3 dropped a "$reason" $((before + 5)) || true
	equal "packets refused as $reason ($*)" $((before + 5)) "$(drops a "$reason")"
}

# The wire and b's and a's interfaces carry more than the overlay's MTU, so that a packet too
# large for a's host device can arrive.
LAB_MTU=1700
lab_up '{"Network":"10.5.0.0/16","SubnetLen":24,"Backend":{"Type":"vxlan","MTU":1500}}'
ovnet_host a
linux_host b
host_add stranger linux
reach a b
mac=$(vtep_mac "$(subnet a)")

refused truncated b --cut 4
refused truncated b --cut 12
refused truncated b --cut 30
refused bad-udp b --udp-length 4
refused bad-udp b --udp-length 9000
refused vxlan-flags b --flags 0
refused wrong-vni b --vni 2
refused inner-mac b --inner-mac 02:00:00:00:00:99
refused not-ip b --ethertype 0x0806
refused inner-source b --inner-src 10.5.250.7
refused inner-source b --inner-src 192.0.2.1
refused inner-dest b --inner-dst 10.5.251.9
refused unknown-peer stranger
refused oversize b --size 1500
equal "last source of unknown-peer" "$(host_ip stranger)" \
	"$(ctl a drops | json '.[] | select(.reason == "unknown-peer") | .last_source')"

equal "datagrams that reached the pod" "0 0" "$(in_pod a cat /proc/net/snmp |
	awk '/^Udp:/ { datagrams = $2 + $3; errors = $4 } END { print datagrams, errors }')"
all_arrive a b 62
all_arrive b a 62
