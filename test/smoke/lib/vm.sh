# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The lab's VMs. To the rest of the library they are pods (in_pod vm, pod_ip vm, reach vm b), but TCP
# goes by vm_copy. Sourced behind lib.sh and guest.sh.
#
#   vm_up a vm       `ovnetctl vm add vm` on host a, QEMU as that says, an address by DHCP

. "$OVNET_ROOT/test/smoke/lib/vm_ctl.sh"

LAB_VM_POOL=${LAB_VM_POOL:-/26} # ovnetd_flags

vm_add() {
	mkdir -p "$LAB_DIR/$2"
	echo "$1" >"$LAB_DIR/$2/host"
	echo vm >"$LAB_DIR/$2/kind"
	vm "$1" add "${@:2}" --json >"$LAB_DIR/$2/vm.json"
}

# vm_boot NAME: with the very arguments ovnetd gives.
vm_boot() {
	local args
	mapfile -t args < <(vm_value "$1" '.qemu[]')
	guest_start "$1" "${args[@]}"
}

# vm_lease NAME: asks until there is one; udhcpc stays and renews it. What it was told is in /tmp/lease.
vm_lease() {
	guest_run "$1" 60 'udhcpc -i eth0 -n -t 15 -T 2 -O mtu -O staticroutes -s /test/dhcp' >"$LAB_DIR/$1/dhcp.log" 2>&1 ||
		fail "no lease for $1: $(tail -n 3 "$LAB_DIR/$1/dhcp.log")"
	! dual_stack || vm_lease6 "$1"
}

# Until its kernel is through with asking whether somebody else has that address.
vm_lease6() {
	guest_run "$1" 60 'dhcpcd -6 -d -w -t 50 -c /bin/true eth0 &&
		until ip -6 addr show dev eth0 scope global | grep inet6 | grep -qv tentative; do
			usleep 100000
		done' >"$LAB_DIR/$1/dhcp6.log" 2>&1 ||
		fail "no IPv6 lease for $1: $(tail -n 3 "$LAB_DIR/$1/dhcp6.log")"
}

# vm_up HOST NAME [OPTION...]: options of `ovnetctl vm add`.
vm_up() {
	vm_add "$@"
	vm_boot "$2"
	vm_lease "$2"
}

is_vm() {
	[ -e "$LAB_DIR/$1/vm.json" ]
}

# vm_value NAME FILTER: of what `ovnetctl vm add` said about it.
vm_value() {
	json "$2" "$LAB_DIR/$1/vm.json"
}

in_pod() {
	if is_vm "$1"; then
		local words=("${@:2}")
		guest_run "$1" 60 "${words[*]@Q}"
	else
		ip netns exec "$LAB-$1-pod" "${@:2}"
	fi
}

pod_ip() {
	if is_vm "$1"; then
		vm_value "$1" .address
	else
		address_plus "$(base "$1")" 2
	fi
}

pod_ip6() {
	local gw
	if is_vm "$1"; then
		vm_value "$1" .address6
	else
		gw=$(env_value "$1" IPV6_SUBNET)
		echo "${gw%1/*}2"
	fi
}

# pod_does NAME SCRIPT: in busybox's shell, at a pod as in a VM. $at is where its files are.
pod_does() {
	local at=/tmp
	is_vm "$1" || at=$LAB_DIR/$1
	OVNET_LAB=$LAB in_pod "$1" timeout 60 busybox sh -c "at=$at; $2"
}

pod_listens() {
	pod_does "$1" "busybox netstat -ltn | busybox grep -q ':$2 '"
}

# vm_copy FROM TO [4|6]: random bytes through one TCP connection; true if they arrive unchanged. They
# are made and summed where they are.
vm_copy() {
	local sent
	# shellcheck disable=SC2016
	pod_does "$2" 'busybox nc -l -p 7777 -e busybox sh -c "cat >$at/got" >/dev/null 2>&1 &'
	retry 10 pod_listens "$2" 7777 || return
	sent=$(pod_does "$1" "busybox dd if=/dev/urandom of=\$at/sent bs=1k count=2000 2>/dev/null
		busybox nc $(address_of "$2" "${3:-4}") 7777 <\$at/sent && busybox sha256sum <\$at/sent") || return
	# shellcheck disable=SC2016
	[ "$sent" = "$(pod_does "$2" 'busybox sha256sum <$at/got')" ]
}
