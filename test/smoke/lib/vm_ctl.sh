# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# VMs of a node: ordered, and what is said of them. Sourced behind lib.sh.

# vm_flags HOST: its last 64 addresses are VMs', their sockets in the lab.
vm_flags() {
	printf '%s\n' --vm-pool=/26 "--vm-socket-dir=$LAB_DIR/$1/vm"
}

# vm HOST ARGUMENT...: ovnetctl vm.
vm() {
	local host=$1
	shift
	timeout 15 "$OVNETCTL" --socket "$LAB_DIR/$host/ctl.sock" vm "$@"
}

# vm_says HOST NAME FILTER: of the JSON it is shown by.
vm_says() {
	vm "$1" show "$2" --json | json "$3"
}

# vm_refused HOST REGEX ARGUMENT...: not carried out, and said why.
vm_refused() {
	local host=$1 regex=$2 out
	shift 2
	! out=$(vm "$host" "$@" 2>&1) || fail "vm $* was carried out: $out"
	expect "'$regex' in: $out" grep -Eq -- "$regex" <<<"$out"
}
