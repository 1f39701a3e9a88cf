#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Where AF_XDP cannot be had (here: somebody's XDP program is on the interface) ovnet falls back
# to AF_PACKET by itself, warns, and leaves that program alone; asked for by name it is used
# without a warning. Traffic is the same.
. "$(dirname "$0")/lib.sh"

kind() {
	ctl "$1" ports | json '.[] | select(.name == "eth0") | .kind'
}
foreign_xdp() {
	clang -O2 -target bpf -x c -c - -o "$LAB_DIR/foreign.o" <<-END
		__attribute__((section("xdp"), used)) int foreign(void *ctx) { return 2; /* pass */ }
	END
	on "$1" ip link set dev eth0 xdp obj "$LAB_DIR/foreign.o" sec xdp
}

lab_up
host_add a ovnet
foreign_xdp a
program=$(on a ip -j link show eth0 | json '.[].xdp.prog.id')
ovnetd_start a
ovnetd_wait a
pod_add a
ovnet_host b --uplink=iface=eth0,driver=af_packet
linux_host c
equal "a's uplink" af_packet "$(kind a)"
equal "b's uplink" af_packet "$(kind b)"
equal "the program on a" "$program" "$(on a ip -j link show eth0 | json '.[].xdp.prog.id')"
expect "a warns" logged a "AF_PACKET because"
expect "a says which program" logged a "XDP program $program is attached already"
expect "b does not" eval '! logged b "AF_PACKET because"'
for pair in "a b" "b a" "a c" "c a"; do
	read -r from to <<<"$pair"
	reach "$from" "$to"
	all_arrive "$from" "$to" 62
	expect "8 MB from $from to $to arrive unchanged" tcp_copy "$from" "$to" 8
done
