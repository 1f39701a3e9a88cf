# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A node in a virtual machine: a kernel of its own, with a NIC on the lab's fabric that DPDK can take
# from it. Sourced behind lib.sh and guest.sh.
#
#   node_boot g             a NIC, vmxnet3, behind an IOMMU, with an address: host_ip g; another by NODE_SECOND
#   node g 10 'nic.sh ...'  as guest_run, in bash; what it prints, its end is the test's

# CPUs with what DPDK wants and no more: wider registers only cost time where each is emulated. Two: what
# polls is not in the way of all others.
NODE_QEMU=(-smp 2 -cpu Nehalem -m 640 -machine q35 -device "intel-iommu,intremap=off")
NODE_SECOND="hubport,id=n1,hubid=1" # without cable
NODE_APPEND="console=ttyS0 quiet panic=-1 nokaslr mitigations=off intel_iommu=on iommu=pt intremap=off hugepages=96"

# node_boot NAME: the switch's end of its cable bears its name.
node_boot() {
	local name=$1 ip GUEST_QEMU=("${GUEST_QEMU[@]}")
	ip=$(next_ip)
	mkdir -p "$LAB_DIR/$name"
	echo "$ip" >"$LAB_DIR/$name/ip"
	guest_image
	"$OVNET_ROOT/test/guest/node.sh" "$GUEST_DIR" "$OVNET_BUILD" "$LAB_DIR/$name/initrd" ||
		fail "nothing to boot the node $name with"
	ip -n "$LAB-fabric" tuntap add dev "$name" mode tap
	ip -n "$LAB-fabric" link set dev "$name" master fab0 up
	GUEST_QEMU=(ip netns exec "$LAB-fabric" "${GUEST_QEMU[@]}")
	guest_start "$name" "${NODE_QEMU[@]}" -initrd "$LAB_DIR/$name/initrd" -append "$NODE_APPEND" \
		-netdev "tap,id=n0,ifname=$name,script=no,downscript=no" \
		-device pcie-root-port,id=port1,chassis=1 -device pcie-root-port,id=port2,chassis=2 \
		-device "vmxnet3,netdev=n0,bus=port1,mac=$(random_mac)" \
		-netdev "$NODE_SECOND" -device "vmxnet3,netdev=n1,bus=port2,mac=$(random_mac)"
	node "$name" 60 "ip addr add $ip/24 dev eth0 && ip link set eth0 up &&
		ip route add default via $LAB_GATEWAY
		# QEMU's IOMMU remaps no interrupts here.
		echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"
}

# node NAME SECONDS COMMAND-LINE: of bash, to which no program is busybox's.
node() {
	local out
	out=$(guest_run "$1" "$2" "exec bash -c ${3@Q}") || fail "in $1: ${3%%$'\n'*}: $out"
	echo "$out"
}

# node_file NAME FILE PATH: a small one, put there.
node_file() {
	node "$1" 60 "base64 -d >$3 <<<$(base64 -w 0 "$2")"
}
