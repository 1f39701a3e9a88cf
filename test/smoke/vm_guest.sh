#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A virtual machine with a kernel of its own joins: `ovnetctl vm add`, QEMU with the arguments that
# gives, DHCP and DHCPv6. Then ping, packets of the full size and TCP, both ways and by both IP
# versions, with pods on its own host's bridge and behind the kernel's vxlan; its host and the world.
# TCP leaves it in packets of up to 64 KB, and comes to it so.
# runs: long
export LAB_DUAL=1
. "$(dirname "$0")/lib.sh"
for part in guest vm; do
	. "$OVNET_ROOT/test/smoke/lib/$part.sh"
done

told() {
	guest_run vm 5 'sort /tmp/lease' |
		grep -E '^(dns|domain|hostname|ip|lease|mask|mtu|router|serverid|staticroutes)='
}

# answers ADDRESS TTL: something without a pod of its own.
answers() {
	local got ttl
	read -r got ttl _ < <(ping_figures 5 0.05 in_pod vm ping "$1")
	equal "$1 to the VM: answers to 5 pings, their TTL" "5 $2" "$got $ttl"
}

# crosses FROM TO: both IP versions, two hops, the MTU's size without fragments. The underlay's own
# IPv6 header takes 20 bytes more than IPv4's.
crosses() {
	local v size
	for v in 4 6; do
		within 20 "IPv$v from $1 to $2" size_passes "$1" "$2" $v 100
		equal "IPv$v from $1 to $2: answers to 5 pings, their TTL" "5 62" "$(ttl_seen "$1" "$2" $v)"
		size=$((v == 4 ? mtu : mtu - 20))
		expect "IPv$v, $size bytes from $1 to $2" size_passes "$1" "$2" $v "$size" >/dev/null
		expect "TCP over IPv$v from $1 to $2 unchanged" vm_copy "$1" "$2" $v
	done
}

# segments_of A: how many its host has cut off packets that a kernel left whole, and put together.
segments_of() {
	ctl "$1" stats | json '.segments, .merged' | paste -sd ' '
}

lab_up
host_add o outside
ip -n "$LAB-o" route add 10.5.0.0/16 via "$LAB_GATEWAY"
linux_host b
host_add a ovnet
ovnetd_start a --ip-masq --vm-dns=10.5.0.53,fd05::53 --vm-domain=vm.test --vm-routes=192.168.0.0/16
ovnetd_wait a
pod_add a
mtu=$(env_value a MTU)
gateway=$(env_value a SUBNET)
gateway=${gateway%/*}

vm_up a vm
equal "what DHCP said" "dns=10.5.0.53
domain=vm.test
hostname=vm
ip=$(pod_ip vm)
lease=86400
mask=24
mtu=$mtu
router=$gateway
serverid=$gateway
staticroutes=192.168.0.0/16 $gateway 0.0.0.0/0 $gateway" "$(told)"
guest_run vm 5 'ip addr show eth0' >"$LAB_DIR/addr"
for wanted in "link/ether $(vm_value vm .mac) " " mtu $mtu " "inet $(pod_ip vm)/24 " \
	"inet6 $(pod_ip6 vm)/128 "; do
	expect "'$wanted' of the VM's interface: $(<"$LAB_DIR/addr")" grep -q "$wanted" "$LAB_DIR/addr"
done

in_use=$(ctl a ports | json '.[] | select(.name == "vm") | .used_features | join(" ")')
for wanted in csum guest_csum guest_tso4 guest_tso6 host_tso4 host_tso6 mrg_rxbuf; do
	expect "$wanted among what the guest has of us: $in_use" grep -qw $wanted <<<"$in_use"
done
read -r cut merged < <(segments_of a)
expect "the VM's TCP comes in segments: 2 MB to b" vm_copy vm b 4
read -r cut_then merged_then < <(segments_of a)
expect "segments that were cut: $((cut_then - cut))" [ $((cut_then - cut)) -gt 200 ]
cut=$cut_then merged=$merged_then
expect "2 MB from b" vm_copy b vm 4
read -r cut_then merged_then < <(segments_of a)
expect "segments that were merged for it: $((merged_then - merged))" [ $((merged_then - merged)) -gt 20 ]

for pod in a b; do
	crosses vm $pod
	crosses $pod vm
done
answers "$gateway" 64
answers "$(host_ip a)" 63
answers "$(host_ip o)" 62
expect "the host reaches the VM" on a ping -q -c 1 -W 2 "$(pod_ip vm)"
equal "packets of the VM refused as if they were lies" "0 0" \
	"$(drops a foreign-source) $(drops a source-mac)"
guest_stop vm
ovnetd_stop a
