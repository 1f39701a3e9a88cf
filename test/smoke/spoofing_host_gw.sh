#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# As spoofing.sh, with host-gw: nothing but the MAC address says who sent a packet.
export LAB_BACKEND=host-gw
export LAB_DRIVER=af_xdp # with which routed packets come to ovnet
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/spoof.sh"

malformed() {
	refused bad-ip-checksum m --damage
	for martian in 127.0.0.1 0.0.0.0 239.1.2.3 255.255.255.255; do
		refused martian m --inner-src $martian
	done
}
lies() {
	refused routed-mac m --eth-src 02:00:00:00:00:99
	refused routed-mac m --inner-src "$(pod_ip b)"
	refused routed-mac stranger
	refused unknown-peer m --inner-src 10.5.250.7
	refused unknown-peer m --inner-src 192.0.2.1
	refused unknown-peer stranger --inner-src "$(host_ip stranger)"
	pod_sends_as foreign-source 192.0.2.7 "$(pod_ip b)"
}
SPOOF_TUNNEL=none
spoof_lab
watch_device b eth0
SPOOF_GOOD=(--inner-src "$(pod_ip m)" --inner-dst "$(pod_ip a)")
honest_start b a
malformed
lies
equal "what the pod saw of it" 0 "$(came_in a-pod)"
passes m
passes m --inner-src "$(host_ip m)" # its host speaks for itself
equal "what the pod saw of honest packets" $((2 * SPOOF_COUNT)) "$(came_in a-pod)"
equal "last source" "$(host_ip stranger) $(pod_ip m)" \
	"$(last_source a unknown-peer) $(last_source a routed-mac)"
within 10 "status tells of it" warned "$(pod_ip m).*routed-mac.*ingress.validation"
honest_end
nothing_else_refused
for mode in permissive off; do
	spoof_again $mode
	malformed
	lies
	nothing_else_refused
	all_arrive b a 62
done
