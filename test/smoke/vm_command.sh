#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# ovnetctl vm: added, listed, shown, removed; the same after a restart and kill -9; what cannot be is
# refused with the cure, and the daemon goes on.
# runs: asan
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib/vm_ctl.sh"

# at N: the Nth address of the VMs' share.
at() {
	address_plus "$(base a)" $((239 + $1))
}

# All that outlives the daemon.
known() {
	vm a list --json | json 'map([.name, .address, .mac, .memory, .queues, .server]) | tostring'
}

listed() {
	[ "$(known)" = "$1" ]
}

start() {
	mapfile -t flags < <(vm_flags a)
	ovnetd_start a "${flags[@]}" --vm-pool=/28 "$@"
	ovnetd_wait a
}

lab_up
host_add a ovnet
ovnetd_start a
ovnetd_wait a
vm_refused a 'no part of this node.s subnet .* is for VMs; set vm.pool' add web
ovnetd_stop a
start --vm-pool=10.99.0.0/24
vm_refused a 'vm.pool "10.99.0.0/24" is not in this node.s subnet' add web
expect "status tells" eval 'ctl a status | json ".warnings[]" | grep -q "vm.pool .* is not in"'
ovnetd_stop a

start
expect "none yet" eval 'vm a list | grep -q "no VMs; ovnetctl vm add"'
out=$(vm a add web)
expect "an address, a socket, QEMU, libvirt, who waits in: $out" eval \
	'grep -q "^address  *$(at 1)$" <<<"$out" && grep -q "socket .*/web.sock" <<<"$out" &&
	grep -q -- "-chardev socket,id=" <<<"$out" && grep -q "<domain type=" <<<"$out" &&
	grep -q "waits at its start until ovnetd" <<<"$out"'
equal "address of the second" "$(at 2)" "$(vm a add db.1 --memory 2G --queues 2 --json | json .address)"
equal "address asked for" "$(at 9)" "$(vm a add x-y_z --address "$(at 9)" --server --json | json .address)"
equal "memory of db.1, MB" 2048 "$(vm_says a db.1 .memory)"
equal "MTU of db.1" 1450 "$(vm_says a db.1 .mtu)"
expect "we make a server's socket" [ -S "$LAB_DIR/a/vm/x-y_z.sock" ]
expect "QEMU makes the others'" [ ! -e "$LAB_DIR/a/vm/web.sock" ]
equal "state of web" "waiting for the guest" "$(vm_says a web .state)"
equal "driver of its port" vhost "$(ctl a ports | json '.[] | select(.name == "web").kind')"
equal "its addresses" "$(at 1)/32" "$(ctl a ports | json '.[] | select(.name == "web").addresses[]')"
# What a shell makes of the line is what the JSON has.
eval "words=($(vm a show db.1 --qemu))"
equal "QEMU's arguments" "$(vm_says a db.1 '.qemu | join("|")')" "$(IFS='|' && echo "${words[*]}")"
equal "libvirt's domain" "$(vm_says a db.1 .libvirt)" "$(vm a show db.1 --libvirt)"

vm_refused a 'there is a VM web .*choose another name' add web
vm_refused a 'no name for a VM; give 1 to 15 letters' add 'we b'
vm_refused a 'is in use by VM web; give another one' add new --address "$(at 1)"
vm_refused a 'not in the VMs. part of this node.s subnet' add new --address "$(address_plus "$(base a)" 7)"
vm_refused a 'is not in this node.s subnet' add new --address 192.0.2.1
vm_refused a 'no host.s, in this node.s subnet' add new --address "$(at 16)"
vm_refused a 'memory 1 is out of range; give 32' add new --memory 1
vm_refused a '--memory takes megabytes' add new --memory much
vm_refused a 'queues 99 is out of range; give 1 to 31' add new --queues 99
vm_refused a 'unicast' add new --mac 01:00:00:00:00:01
vm_refused a "$(vm_says a web .mac)" add new --mac "$(vm_says a web .mac)"
ip -n "$LAB-a" link add br0 type bridge
ip -n "$LAB-a" addr add "$(at 11)/28" dev br0
vm_refused a 'in use by interface br0 of this node; give another' add new --address "$(at 11)"
ip -n "$LAB-a" link del br0
vm_refused a 'there is no VM new; ovnetctl vm list' show new
vm_refused a 'there is no VM new; ovnetctl vm list' del new
vm_refused a 'give its name' add
vm_refused a 'vm takes add, list, show or del, not stop' stop web

three=$(known)
ovnetd_stop a
start
equal "VMs after a restart" "$three" "$(known)"
equal "state of web after it" "waiting for the guest" "$(vm_says a web .state)"
expect "a server's socket is there again" [ -S "$LAB_DIR/a/vm/x-y_z.sock" ]
vm a del web >/dev/null
ovnetd_kill9 a
start
equal "VMs after kill -9" "$(jq -c 'map(select(.[0] != "web"))' <<<"$three")" "$(known)"
equal "the lowest that is free" "$(at 1)" "$(vm a add other --json | json .address)"
vm a del other >/dev/null
vm a del db.1 >/dev/null
vm a add web >/dev/null
equal "the former one of db.1, again" "$(at 2)" "$(vm a add db.1 --json | json .address)"
for i in {1..12}; do vm a add "n$i" >/dev/null; done
vm_refused a '15 of 15 addresses of vm.pool, .*/28, are in use' add more
equal "VMs" 15 "$(vm a list --json | json length)"
expect "no port is missing" eval \
	'ctl a status | jq -e ".warnings | all(test(\"attach ports are not open\") | not)" >/dev/null'

# The node gets another subnet: they are kept, but cut off.
was=$(known)
first=$(subnet a)
ovnetd_stop a
lease_delete "$first"
lease_create "$first" "$(fake_value 77)"
start
expect "told" eval 'ctl a status | json ".warnings[]" | grep -q "15 of 15 VMs have addresses of another subnet"'
equal "state of web" "of another subnet" "$(vm_says a web .state)"
equal "all are kept" "$was" "$(known)"
ovnetd_stop a
