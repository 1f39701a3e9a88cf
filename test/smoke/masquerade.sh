#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# --ip-masq and FORWARD rules: pods reach the world with the node's address and each other with
# their own, although FORWARD drops, as docker sets it; what somebody removes comes back; the
# rules outlive the daemon; --cleanup takes them away.
# runs: asan
. "$(dirname "$0")/lib.sh"

# watch_sources NS ADDRESS: counts what comes from there.
watch_sources() {
	ip netns exec "$LAB-$1" nft -f - <<-END
		table ip watch {
			counter seen { }
			chain in {
				type filter hook input priority 0
				ip saddr $2 icmp type echo-request counter name seen
			}
		}
	END
}
seen() {
	ip netns exec "$LAB-$1" nft -j list counter ip watch seen |
		json '.nftables[] | select(.counter).counter.packets'
}
outside() {
	in_pod a ping -n -c 1 -W 1 "$(host_ip o)"
}
masquerade_rules() {
	on a nft -s list table ip ovnet | grep -c 'comment "flanneld masq"'
}
forward_rules() {
	on a iptables -S | grep -c -- '--comment "flanneld forward"'
}
rules_are() {
	[ "$(masquerade_rules) $(forward_rules)" = "$1" ]
}
lab_up
host_add o outside
for h in a b; do
	host_add $h ovnet
	on $h iptables -P FORWARD DROP
done
ovnetd_start a --ip-masq --iptables-resync=1
ovnetd_wait a
ovnetd_start b
ovnetd_wait b
pod_add a
pod_add b
within 5 "the rules are there" rules_are "7 3"
equal "FLANNEL_IPMASQ" "true false" "$(env_value a IPMASQ) $(env_value b IPMASQ)"
watch_sources o "$(host_ip a)"
watch_sources b-pod "$(pod_ip a)"
reach a b
reach b a
expect "the world answers a pod" outside
expect "the world sees the node's address" [ "$(seen o)" -gt 0 ]
expect "a pod sees the pod's address" [ "$(seen b-pod)" -gt 0 ]

on a nft delete table ip ovnet
on a iptables -F OVNET-FWD
on a iptables -D FORWARD -m comment --comment "flanneld forward" -j OVNET-FWD
within 5 "the rules are back" rules_are "7 3"
expect "it is said" logged a "missing or changed: put them back"
expect "no warning" [ "$(ctl a status | jq '.warnings | map(select(test("rules"))) | length')" = 0 ]

ovnetd_stop a
equal "rules after the daemon's end" "7 3" "$(masquerade_rules) $(forward_rules)"
ovnetd_start a --iptables-forward-rules=false
ovnetd_wait a
within 5 "rules that are not wanted any more are gone" eval '! on a nft list table ip ovnet &&
	! on a iptables -S OVNET-FWD'
retry 2 ping_once b a && fail "without the rules FORWARD drops"
ovnetd_stop a
ovnetd_start a --ip-masq
ovnetd_wait a
within 5 "the rules are there again" rules_are "7 3"
ovnetd_stop a
mapfile -t flags < <(ovnetd_flags a)
on a "$OVNETD" "${flags[@]}" --cleanup --dry-run >"$LAB_DIR/dry"
expect "the table is listed" grep -q 'would remove: nftables table ip ovnet' "$LAB_DIR/dry"
expect "the chain is listed" grep -q 'would remove: iptables chain OVNET-FWD' "$LAB_DIR/dry"
equal "rules after a dry run" "7 3" "$(masquerade_rules) $(forward_rules)"
on a "$OVNETD" "${flags[@]}" --cleanup >"$LAB_DIR/cleanup"
equal "what is left in nftables" 0 "$(on a nft list tables | grep -c ovnet || true)"
equal "what is left in iptables" 0 "$(on a iptables -S | grep -ciE 'ovnet|flanneld' || true)"
