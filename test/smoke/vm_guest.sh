#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A virtual machine with a kernel of its own, behind a vhost-user socket it owns: ping and TCP both
# ways with pods on its own host and behind the kernel's vxlan, in packets of the full size.
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/guest.sh"
. "$OVNET_ROOT/test/smoke/lib/vm.sh"

lab_up
linux_host b
host_add a ovnet
printf 'FLANNEL_%s\n' NETWORK=10.5.0.0/16 SUBNET=10.5.201.1/24 MTU=1450 >"$LAB_DIR/a/subnet.env"
socket=$LAB_DIR/a/vm.sock
mkdir "$LAB_DIR/vm"
jq -n --arg mac 52:54:00:05:c9:82 --arg s "$socket" '{address: "10.5.201.130", mac: $mac, qemu: [
	"-machine", "q35", "-m", "128", "-object", "memory-backend-memfd,id=mem,size=128M,share=on",
	"-numa", "node,memdev=mem", "-chardev", "socket,id=c0,path=\($s),server=on,wait=off",
	"-netdev", "vhost-user,id=n0,chardev=c0", "-device", "virtio-net-pci,netdev=n0,mac=\($mac)"]}' \
	>"$LAB_DIR/vm/vm.json"
cat >"$LAB_DIR/a/ovnet.conf" <<-END
	ports = ( { name = "vm"; devargs = "net_vhost0,iface=$socket,client=1"; queues = 1;
	            mac = "$(vm_value vm .mac)"; addresses = "$(pod_ip vm)"; } );
END
ovnetd_start a --config "$LAB_DIR/a/ovnet.conf"
ovnetd_wait a
pod_add a
on a sysctl -qw net.ipv4.conf.cni0.proxy_arp=1
ip -n "$LAB-a" route add "$(pod_ip vm)" dev ovnet0

vm_boot vm
guest_run vm 5 "ip link set eth0 mtu 1450 up && ip addr add $(pod_ip vm)/24 dev eth0 &&
	ip route add default via 10.5.201.1"
for pod in a b; do
	reach vm $pod
	reach $pod vm
	all_arrive vm $pod 62
	expect "full size packets from vm to $pod" in_pod vm ping -q -c 3 -W 5 -s 1422 "$(pod_ip $pod)"
	expect "TCP from vm to $pod unchanged" vm_copy vm $pod
	expect "TCP from $pod to vm unchanged" vm_copy $pod vm
done
guest_stop vm
ovnetd_stop a
