# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The lab's VMs. To the rest of the library they are pods: in_pod vm, pod_ip vm, iperf vm b; but
# TCP goes by vm_copy. Sourced behind lib.sh and guest.sh.

# is_vm NAME
is_vm() {
	[ -e "$LAB_DIR/$1.vm" ]
}

# vm_value NAME FILTER: of what ovnetd says about it.
vm_value() {
	json "$2" "$LAB_DIR/$1.vm"
}

vm_start() {
	local args
	mapfile -t args < <(vm_value "$1" '.qemu[]')
	guest_start "$1" "${args[@]}"
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

# pod_does NAME SCRIPT: in busybox's shell, at a pod as in a VM. $at is where its files are.
pod_does() {
	local at=/tmp
	is_vm "$1" || at=$LAB_DIR/$1
	OVNET_LAB=$LAB in_pod "$1" timeout 60 busybox sh -c "at=$at; $2"
}

pod_listens() {
	pod_does "$1" "busybox netstat -ltn | busybox grep -q ':$2 '"
}

# vm_copy FROM TO [ADDRESS] [KILOBYTES]: random bytes through one TCP connection; true if they arrive
# unchanged. They are made and summed where they are.
vm_copy() {
	local sent
	pod_does "$2" 'busybox nc -l -p 7777 -e busybox sh -c "cat >$at/got; sync" >/dev/null 2>&1 &'
	retry 5 pod_listens "$2" 7777 || return
	sent=$(pod_does "$1" "busybox dd if=/dev/urandom of=\$at/sent bs=1k count=${4:-2000} 2>/dev/null
		busybox nc ${3:-$(pod_ip "$2")} 7777 <\$at/sent && busybox sha256sum <\$at/sent") || return
	[ "$sent" = "$(pod_does "$2" 'busybox sha256sum <$at/got')" ]
}
