#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# As spoofing.sh, with VXLAN over IPv6 and IPv6 inside, and the versions mixed up.
# runs: long asan
export LAB_DUAL=1
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/spoof.sh"

mac6() {
	lease_listing | jq -r --arg k "$(base "$1")-24&" '.leases[] | select(.key | contains($k))
		| .value | fromjson.BackendV6Data.VtepMAC'
}
mac4() {
	lease_listing | jq -r --arg k "$(base "$1")-24&" '.leases[] | select(.key | contains($k))
		| .value | fromjson.BackendData.VtepMAC'
}
malformed() {
	refused vxlan-flags m --flags 0
	refused wrong-vni m --vni 2
	refused inner-mac m --inner-mac "$(mac6 b)"
	refused inner-mac m --inner-mac "$(mac4 a)"
	for martian in ::1 :: ff02::1 ::ffff:10.5.1.2 ::10.5.1.2; do
		refused martian m --inner-src $martian
	done
	for martian in ::1 ff02::1 ::ffff:127.0.0.1; do
		refused martian-dest m --inner-dst $martian
	done
	refused inner-dest m --inner-dst "$(pod_ip6 b)"
}
lies() {
	refused unknown-peer stranger --outer-src "$(host_ip6 stranger)"
	refused unknown-peer m --outer-src 2001:db8::66
	refused inner-source m --inner-src "$(pod_ip6 b)"
	refused inner-source m --inner-src fd05:0:0:fa::7
	refused inner-source m --inner-src 2001:db8::1
	refused inner-source m --inner-src "${own6%::*}::55"
	refused inner-source m --inner-src "$(pod_ip m)" --inner-dst "$(pod_ip a)"
	refused inner-source m --outer-src "$(host_ip m)" --outer-dst "$(host_ip a)" \
		--inner-mac "$(mac4 a)"
	pod_sends_as foreign-source 2001:db8::7 "$(pod_ip6 b)"
}
SPOOF_TUNNEL=vxlan
spoof_lab
own6=$(pod_ip6 a)
watch_device b flannel-v6.1
SPOOF_GOOD=(--outer-src "$(host_ip6 m)" --outer-dst "$(host_ip6 a)" --inner-src "$(pod_ip6 m)"
	--inner-dst "$own6" --inner-mac "$(mac6 a)")
within 10 "IPv6 from m" size_passes m a 6 100
SPOOF_REFUSED=$(all_drops) # the first answers may have had no neighbour yet
honest_start b a
malformed
lies
equal "what the pod saw of it" 0 "$(came_in a-pod)"
passes m
passes m --inner-src "$(host_ip6 m)" # its host speaks for itself
equal "what the pod saw of honest packets" $((2 * SPOOF_COUNT)) "$(came_in a-pod)"
equal "last source" "2001:db8::66 2001:db8::7" \
	"$(last_source a unknown-peer) $(last_source a foreign-source)"
within 10 "status tells of it" warned "2001:db8::66.*unknown-peer.*ingress.allow"
honest_end
nothing_else_refused
for mode in permissive off; do
	spoof_again $mode
	malformed
	lies
	nothing_else_refused
	all_arrive b a 62
done
