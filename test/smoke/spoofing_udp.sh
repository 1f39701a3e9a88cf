#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# As spoofing.sh, with flannel's udp backend, where the packet inside has no header of its own but
# IP's.
export LAB_BACKEND=udp
export LAB_DRIVER=af_xdp # what is broken outside the kernel would drop, uncounted, in front of a socket
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/spoof.sh"

malformed() {
	refused bad-ip-checksum m --damage
	for martian in 127.0.0.1 0.0.0.0 239.1.2.3 255.255.255.255; do
		refused martian m --inner-src $martian
	done
	refused inner-dest m --inner-dst "$(pod_ip b)"
	refused bad-ip m --inner-src fd05::1 --inner-dst fd05::2
}
lies() {
	refused unknown-peer stranger --outer-src "$(host_ip stranger)"
	refused unknown-peer m --outer-src 192.0.2.66
	refused inner-source m --inner-src "$(pod_ip b)"
	refused inner-source m --inner-src 10.5.250.7
	refused inner-source m --inner-src "$(address_plus "$(pod_ip a)" 5)"
	pod_sends_as foreign-source 192.0.2.7 "$(pod_ip b)"
}
SPOOF_TUNNEL=udp
spoof_lab
watch_device b flannel0
SPOOF_GOOD=(--outer-src "$(host_ip m)" --outer-dst "$(host_ip a)" --inner-src "$(pod_ip m)"
	--inner-dst "$(pod_ip a)")
honest_start b a
malformed
lies
equal "what the pod saw of it" 0 "$(came_in a-pod)"
passes m
equal "what the pod saw of honest packets" $SPOOF_COUNT "$(came_in a-pod)"
equal "last source" "192.0.2.66 $(host_ip m)" \
	"$(last_source a unknown-peer) $(last_source a inner-source)"
honest_end
nothing_else_refused
for mode in permissive off; do
	spoof_again $mode
	malformed
	lies
	nothing_else_refused
	all_arrive b a 60
done
