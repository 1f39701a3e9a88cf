#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The domain that `ovnetctl vm` prints: Debian's libvirt finds it valid whatever the VM, defines it and
# starts it under TCG; its guest is connected, also after ovnetd was killed and started again, whoever
# makes the socket.
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/guest.sh"
. "$OVNET_ROOT/test/smoke/lib/vm_ctl.sh"
. "$OVNET_ROOT/test/smoke/lib/libvirt.sh"

v() {
	in_libvirt virsh -q "$@" >"$LAB_DIR/virsh.log"
}

# valid NAME [--tcg]: what is printed of it.
valid() {
	local out
	vm a show "$1" "${@:2}" --libvirt >"$LAB_DIR/$1.xml"
	out=$(virt-xml-validate "$LAB_DIR/$1.xml" 2>&1) || fail "libvirt's schema refuses $1: $out"
}

# bootable NAME: with a kernel, as an operator adds disks, and its console in a file.
bootable() {
	sed -e "s,</type>,&<kernel>$GUEST_DIR/vmlinuz</kernel><initrd>$GUEST_DIR/initrd</initrd><cmdline>console=ttyS0 quiet panic=-1 nokaslr mitigations=off</cmdline>," \
		-e "s,<console type='pty'/>,<serial type='file'><source path='$LAB_DIR/$1.console.log'/></serial>," "$LAB_DIR/$1.xml" \
		>"$LAB_DIR/$1.boot.xml"
}

connected_now() {
	[ "$(vm_says a "$1" .state)" = connected ]
}

waits() {
	[ "$(vm_says a "$1" .state)" = "waiting for the guest" ]
}

lab_up
host_add a ovnet
mapfile -t flags < <(vm_flags a)
ovnetd_start a "${flags[@]}"
ovnetd_wait a
libvirt_start a
guest_image
vm a add 0.a_b-c --memory 192 >/dev/null
vm a add served --memory 192 --server >/dev/null
vm a add wide --queues 4 --memory 1G >/dev/null
valid wide
for name in 0.a_b-c served wide; do
	valid $name --tcg
	expect "libvirt defines $name" v define "$LAB_DIR/$name.xml"
	v undefine $name
	bootable $name
	v define "$LAB_DIR/$name.boot.xml"
done
expect "libvirt starts one whose QEMU makes the socket" v start 0.a_b-c
expect "and one that connects to ours" v start served
for name in 0.a_b-c served; do
	within 90 "the guest of $name is there" connected_now $name
done
ovnetd_kill9 a
ovnetd_start a "${flags[@]}"
ovnetd_wait a
for name in 0.a_b-c served; do
	within 20 "the guest of $name is connected again" connected_now $name
	equal "state of $name" running "$(in_libvirt virsh -q domstate $name)"
	v destroy $name
	within 10 "ovnetd sees it gone" waits $name
done
libvirt_stop
ovnetd_stop a
