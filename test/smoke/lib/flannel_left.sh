# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A host of linux_host's becomes one whose flanneld has ended: all it made stays, nobody keeps it.

# flannel_rules HOST: masquerade and FORWARD rules of v0.20.2, as iptables-save shows them there.
flannel_rules() {
	on "$1" iptables-restore --noflush <<-END
		*filter
		:FLANNEL-FWD - [0:0]
		-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
		-A FLANNEL-FWD -s 10.5.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
		-A FLANNEL-FWD -d 10.5.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
		COMMIT
		*nat
		:FLANNEL-POSTRTG - [0:0]
		-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
		-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
		-A FLANNEL-POSTRTG -s 10.5.0.0/16 -d 10.5.0.0/16 -m comment --comment "flanneld masq" -j RETURN
		-A FLANNEL-POSTRTG -s 10.5.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
		-A FLANNEL-POSTRTG ! -s 10.5.0.0/16 -d $(subnet "$1") -m comment --comment "flanneld masq" -j RETURN
		-A FLANNEL-POSTRTG ! -s 10.5.0.0/16 -d 10.5.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
		COMMIT
	END
}

# flanneld_ends HOST: from now on it is ovnetd's.
flanneld_ends() {
	rm -f "$LAB_DIR/$1/peers"
	echo ovnet >"$LAB_DIR/$1/kind"
}

# What of flannel's is on a host, a line each; link, routes, entries, rules.
flannel_left() {
	on "$1" ip -o link show | grep -o 'flannel[^@: ]*' || true
	on "$1" ip route show proto boot | grep '^10[.]5[.]' || true
	on "$1" bridge fdb show | grep flannel || true
	on "$1" iptables-save | grep -i 'FLANNEL-' || true
}
