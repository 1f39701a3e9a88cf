#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What a VM says in another one's name, by IP address, MAC, ARP, as a DHCP server or a router, is
# counted by its reason and comes nowhere. Two honest VMs of one host reach each other.
export LAB_DUAL=1
. "$(dirname "$0")/lib.sh"
for part in spoof lies guest vm; do
	. "$OVNET_ROOT/test/smoke/lib/$part.sh"
done

SINKS=('a-pod eth0' 'a ovnet0' 'b flannel.1')

# What its kernel says on its own, by IPv6, is not for the counts of this test.
vm_lease6() {
	guest_run "$1" 5 'sysctl -w net.ipv6.conf.eth0.disable_ipv6=1' >/dev/null
}

lies_send() {
	local frames n
	mapfile -t frames < <("$OVNET_ROOT/test/smoke/lib/spoof_send.py" --tunnel none --print --more \
		--eth-src "$(vm_value vm .mac)" --inner-src "$(pod_ip vm)" --inner-dst "$(pod_ip vm2)" \
		--eth-dst "$(ctl a ports | json '.[] | select(.name == "vm") | .mac')")
	for ((n = 0; n < ${#frames[@]}; n += 16)); do
		guest_run vm 30 "printf '%s\n' ${frames[*]:n:16} | frames eth0 $LIES"
	done
}

# Datagrams that came to vm2 for nobody there: the lies would be.
came_to_vm2() {
	guest_run vm2 5 "awk '/^Udp: [0-9]/ { print \$3 }' /proc/net/snmp"
}

lies() {
	local to mac2 all=ff:ff:ff:ff:ff:ff gateway
	mac2=$(vm_value vm2 .mac)
	gateway=$(env_value a SUBNET)
	gateway=${gateway%/*}
	for to in "$(pod_ip vm2)" "$(pod_ip a)" "$(pod_ip b)" "$(host_ip a)" "$gateway"; do
		lie foreign-source --inner-src "$(pod_ip vm2)" --inner-dst "$to"
		lie foreign-source --inner-src "$(pod_ip a)" --inner-dst "$to"
		lie source-mac --eth-src "$mac2" --inner-dst "$to"
		lie dhcp-server --sport 67 --dport 68 --inner-dst "$to"
		lie dhcp-server --sport 1067 --dport 68 --inner-dst "$to"
	done
	lie foreign-source --inner-src "$(pod_ip6 vm2)" --inner-dst "$(pod_ip6 b)"
	lie source-mac --eth-src "$mac2" --inner-src "$(pod_ip6 vm)" --inner-dst "$(pod_ip6 vm2)"
	lie foreign-source --neighbour --inner-src "$(pod_ip vm2)" --inner-dst "$gateway"
	lie foreign-source --neighbour --inner-src "$gateway" --inner-dst "$(pod_ip vm2)"
	lie source-mac --neighbour --inner-mac "$mac2" --inner-dst "$gateway"
	lie foreign-source --neighbour --inner-src "$(pod_ip6 vm2)" --inner-dst "$(pod_ip6 vm)"
	lie dhcp-server --sport 67 --dport 68 --inner-dst 255.255.255.255 --eth-dst $all
	lie dhcp-server --sport 547 --dport 546 --inner-src "$(pod_ip6 vm)" --inner-dst "$(pod_ip6 vm2)"
	lie dhcp-server --sport 1547 --dport 546 --inner-src "$(pod_ip6 vm)" \
		--inner-dst "$(pod_ip6 vm2)"
	lie broadcast --inner-dst 255.255.255.255 --eth-dst $all
	lie router-advertisement --router --inner-src fe80::1 --inner-dst ff02::1 --eth-dst 33:33:00:00:00:01
}

lab_up
linux_host b
ovnet_host a
vm_up a vm
vm_up a vm2
reach vm vm2
reach vm2 vm
all_arrive vm vm2 63
expect "TCP from VM to VM unchanged" vm_copy vm vm2
reach vm b
came=$(came_to_vm2)
lies
lies_refused
equal "lies that came to vm2" "$came" "$(came_to_vm2)"
expect "TCP from VM to VM unchanged after all that" vm_copy vm2 vm
