#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Which driver an uplink gets: sockets where nothing is said; where zero-copy is asked for, AF_XDP, and
# sockets again where that cannot be had (here: no zero-copy on a veth; somebody's XDP program on the
# interface, which stays); what is named, or an error. Traffic is the same.
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
zero_copy() { # zero_copy HOST: asked for, with the driver left open
	cat >"$LAB_DIR/$1/ovnet.conf" <<-END
		uplinks = ( { iface = "eth0"; zero-copy = "on"; } );
	END
}

lab_up
ovnet_host a
equal "a's uplink" socket "$(kind a)"
ovnetd_stop a
zero_copy a
ovnetd_start a --config "$LAB_DIR/a/ovnet.conf"
ovnetd_wait a
equal "a's uplink" socket "$(kind a)"
expect "a says why" logged a "its driver cannot do zero-copy here"
equal "XDP programs on a" 0 "$(on a ip -d link show eth0 | grep -c 'prog/xdp' || true)"

ovnetd_stop a
foreign_xdp a
program=$(on a ip -j link show eth0 | json '.[].xdp.prog.id')
ovnetd_refuses a "XDP program $program is attached already" --uplink=iface=eth0,driver=af_xdp
ovnetd_start a --config "$LAB_DIR/a/ovnet.conf"
ovnetd_wait a
equal "a's uplink" socket "$(kind a)"
expect "a says which program" logged a "XDP program $program is attached already"
equal "the program on a" "$program" "$(on a ip -j link show eth0 | json '.[].xdp.prog.id')"

ovnet_host b --uplink=iface=eth0,driver=af_packet
linux_host c
equal "b's uplink" af_packet "$(kind b)"
expect "b does not complain" eval '! logged b "AF_PACKET because"'
for pair in "a b" "b a" "a c" "c a"; do
	read -r from to <<<"$pair"
	reach "$from" "$to"
	all_arrive "$from" "$to" 62
	expect "8 MB from $from to $to arrive unchanged" tcp_copy "$from" "$to" 8
done
