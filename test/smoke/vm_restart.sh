#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A VM outlives what happens around it: ovnetd ends, by SIGTERM and by kill -9, and the VM's TCP
# connection goes on when it is back; the VM fails and is started again; it is deleted while it runs
# and added once more, with the address it had.
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/guest.sh"
. "$OVNET_ROOT/test/smoke/lib/vm.sh"

# What came back of what the VM sends to b all the time, on one connection.
echoed() {
	guest_run vm 10 'wc -c </tmp/echoed'
}

echoed_more() {
	[ "$(echoed)" -gt "$1" ]
}

# A connection that lost its packets waits before it tries again, twice as long each time.
connection_goes_on() {
	within 60 "the VM's connection goes on after $1" echoed_more "$(echoed)"
}

connection_start() {
	pod_does b 'busybox nc -l -p 7000 -e busybox cat >/dev/null 2>&1 &'
	within 10 "b listens" pod_listens b 7000
	guest_run vm 10 "(while :; do date; usleep 50000; done | nc $(pod_ip b) 7000 >/tmp/echoed) 2>/dev/null &"
	within 20 "b answers the VM" echoed_more 100
}

vm_unreachable() {
	! ping_once b vm
}

lab_up
linux_host b
ovnet_host a
vm_up a vm
reach vm b
connection_start

ovnetd_stop a
ovnetd_start a
ovnetd_wait a
connection_goes_on "SIGTERM of ovnetd"
ovnetd_kill9 a
ovnetd_start a
ovnetd_wait a
connection_goes_on "kill -9 of ovnetd"
reach b vm

guest_stop vm
vm_boot vm
vm_lease vm
reach vm b
reach vm a

before=$(vm_value vm .address)
vm a del vm >/dev/null
within 10 "nobody reaches a VM that was deleted" vm_unreachable
equal "VMs of a" 0 "$(vm a list --json | json length)"
expect "QEMU is left alone" guest_run vm 10 true
vm_add a vm
equal "its address when it is added again" "$before" "$(vm_value vm .address)"
reach b vm
reach vm b
guest_stop vm
ovnetd_stop a
