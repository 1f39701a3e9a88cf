#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Ingress validation with vxlan against hosts that lie: every lie is refused for its own reason and
# counted exactly, nothing of it comes in, and honest packets never notice. Permissive counts what
# it lets by, off does not; what ingress.allow lists passes.
# runs: long asan
export LAB_DRIVER=af_xdp # what is broken outside the kernel would drop, uncounted, in front of a socket
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/spoof.sh"

malformed() {
	refused bad-ip-checksum m --damage --tos 2
	refused vxlan-flags m --flags 0
	refused vxlan-flags m --flags $((0xf7))
	refused wrong-vni m --vni 2
	refused wrong-vni m --vni $((0xfffffe))
	refused inner-mac m --inner-mac "$(vtep_mac "$(subnet b)")"
	refused inner-mac m --inner-mac ff:ff:ff:ff:ff:ff
	refused family-off m --inner-src fd05::1 --inner-dst fd05::2
	for martian in 127.0.0.1 0.0.0.0 0.1.2.3 224.0.0.1 255.255.255.255 240.0.0.1; do
		refused martian m --inner-src $martian
	done
	for martian in 127.0.0.1 0.0.0.0 224.0.0.1 255.255.255.255; do
		refused martian-dest m --inner-dst $martian
	done
	refused inner-dest m --inner-dst "$(pod_ip b)"
	refused inner-dest m --inner-dst 10.5.251.9
}
lies() {
	refused unknown-peer stranger --outer-src "$(host_ip stranger)"
	refused unknown-peer m --outer-src 192.0.2.66
	refused inner-source m --inner-src "$(pod_ip b)"
	refused inner-source m --inner-src 10.5.250.7
	refused inner-source m --inner-src 192.0.2.1
	refused inner-source m --inner-src "$(address_plus "$(pod_ip a)" 5)"
	refused inner-source m --inner-src "$(host_ip b)"
	pod_sends_as foreign-source 192.0.2.7 "$(pod_ip b)"
	pod_sends_as foreign-source "$(pod_ip m)" "$(pod_ip b)"
}
SPOOF_TUNNEL=vxlan
spoof_lab
watch_device b flannel.1
SPOOF_GOOD=(--outer-src "$(host_ip m)" --outer-dst "$(host_ip a)" --inner-src "$(pod_ip m)"
	--inner-dst "$(pod_ip a)" --inner-mac "$(vtep_mac "$(subnet a)")")

honest_start b a
malformed
lies
equal "what the pod saw of it" 0 "$(came_in a-pod)"
passes m
passes m --inner-src "$(host_ip m)" # its host speaks for itself
equal "what the pod saw of honest packets" $((2 * SPOOF_COUNT)) "$(came_in a-pod)"
equal "last sources" "192.0.2.66 $(host_ip m) $(host_ip m) $(pod_ip m)" "$(last_source a unknown-peer) \
$(last_source a inner-source) $(last_source a martian) $(last_source a foreign-source)"
within 10 "status tells of the peer, and of the setting" warned \
	"$(host_ip m).*inner-source.*ingress.allow.*ingress.validation"
within 10 "status tells of the stranger" warned "192.0.2.66.*unknown-peer.*ingress.allow"
within 10 "status tells of the foreign source" warned "$(pod_ip m).*foreign-source.*ingress.allow"
honest_end
nothing_else_refused

spoof_again strict "--ingress-allow=$(host_ip m): $(host_ip stranger), 172.20.0.0/16; $(host_ip a): 192.0.2.0/24"
passes stranger --outer-src "$(host_ip stranger)"
passes stranger --outer-src "$(host_ip stranger)" --inner-src 172.20.3.4
passes m --inner-src 172.20.3.4
refused inner-source m --inner-src 172.21.3.4
refused inner-source stranger --outer-src "$(host_ip stranger)" --inner-src "$(pod_ip b)"
pod_sends_as - 192.0.2.7 "$(pod_ip b)"
pod_sends_as foreign-source 198.51.100.7 "$(pod_ip b)"
nothing_else_refused

for mode in permissive off; do
	spoof_again $mode
	malformed
	lies
	passes m
	nothing_else_refused
	all_arrive b a 62
done
