#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A node that flanneld left is taken over while its pod talks to a flannel node's, both ways: the
# same subnet and VtepMAC, the loss bounded and told, nothing of flannel's left, and what others have
# for its device named. Not beside a live flanneld, not unasked where that is to be asked.
# runs: asan
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/flannel_left.sh"

# lost WAY: packets of that flow, and the longest gap in ms.
flow_value() {
	jq -r --arg way "$1" "select(.way == \$way).$2" "$LAB_DIR/flow.json"
}

lab_up
linux_host a
linux_host b
reach a b
own=$(subnet a)
mac=$(<"$LAB_DIR/a/mac")
flannel_rules a
flanneld_ends a
# A subnet whose lease ended while nobody looked, and somebody else's rule for flannel's device.
on a ip route add 10.5.200.0/24 via 10.5.200.0 dev flannel.1 onlink
on a nft -f - <<-END
	table inet mine {
		chain in {
			type filter hook input priority 10
			iifname "flannel.1" tcp dport 9 accept
		}
	}
END
reach b a
before=$(flannel_left a)
rules=$(on a iptables-save | grep -v '^[#:]')

# Asked, or told not to: all is listed, nothing is touched.
ovnetd_refuses a "left device flannel.1 with ${own%/*}/32 .*MAC $mac.*8472.*[0-9] routes by it" --takeover=ask --ip-masq
expect "it says what goes on" logged a "--takeover=yes"
expect "the rules are listed" logged a "iptables table nat: flanneld's rules in POSTROUTING"
ovnetd_refuses a "left \(node.takeover = .no.\)" --takeover=no
# A flanneld of this network is at work, whatever its command line says; or one of another name.
printf '#!/bin/bash\nwhile :; do sleep 0.2; done\n' >"$LAB_DIR/flanneld"
chmod +x "$LAB_DIR/flanneld"
spawn "$LAB_DIR/flanneld.log" ip netns exec "$LAB-a" "$LAB_DIR/flanneld"
live=$SPAWNED
within 5 "its name is there" grep -qx flanneld "/proc/$live/comm"
ovnetd_refuses a "flanneld runs here as well \(process $live\)"
end_process "$live" 5 || true
equal "what flanneld left, after refusals" "$before" "$(flannel_left a)"
equal "rules after refusals" "$rules" "$(on a iptables-save | grep -v '^[#:]')"
reach b a

flow_start b a
ovnetd_start a --ip-masq
ovnetd_wait a
within 10 "flannel's rules are gone" eval '[ -z "$(on a iptables-save | grep FLANNEL-)" ]'
flow_stop
for way in "a to b" "b to a"; do
	lost=$(flow_value "$way" lost)
	say "swap: $way: $lost of $(flow_value "$way" sent) packets lost," \
		"longest gap $(flow_value "$way" gap_ms) ms"
	expect "less than a second lost, $way" [ "$lost" -lt "$FLOW_RATE" ]
	equal "packets that came twice, $way" 0 "$(flow_value "$way" duplicated)"
done
equal "packets lost on their way out" 0 "$(flow_value "a to b" lost)"
say "$(grep -o 'UDP port.*' "$LAB_DIR/a/log")"
expect "the loss is told" logged a 'UDP port 8472 went from flannel.1 to ovnet in .* ms; packets lost'

equal "subnet" "$own" "$(subnet a)"
equal "VtepMAC in the lease" "$mac" "$(vtep_mac "$own")"
equal "leases" 2 "$(lease_listing | jq '.leases | length')"
equal "what is left of flannel's" "" "$(flannel_left a)"
expect "what was removed is told" logged a "removed device flannel.1"
expect "the rule of others is told" logged a \
	'names flannel.1: make the same for ovnet0: nftables table inet mine, chain in: iifname "flannel.1"'
reach a b
reach b a
all_arrive b a 62

# The lease and subnet.env are lost, too: its device says which subnet and MAC were ours.
ovnetd_stop a
flags=(--cleanup)
mapfile -t -O 1 flags < <(ovnetd_flags a)
on a "$OVNETD" "${flags[@]}" >/dev/null
lease_delete "$own"
vxlan_devices a 1450
vxlan_addresses a "$(cut -d. -f3 <<<"$own")"
# As firewalld rejects what is in no zone.
on a nft -f - <<-END
	table inet firewalld {
		chain filter_FORWARD {
			type filter hook forward priority 10; policy accept;
			ct state { established, related } accept
			iifname "lo" accept
			jump filter_FORWARD_POLICIES
			reject with icmpx admin-prohibited
		}
		chain filter_FORWARD_POLICIES {
			iifname { "cni0", "flannel.1" } accept
			iifname "eth0" jump filter_FWD_public
			jump filter_FWD_public
		}
		chain filter_FWD_public {
			reject with icmpx admin-prohibited
		}
	}
END
ovnetd_start a
ovnetd_wait a
within 5 "firewalld's reject is told" eval "ctl a status | jq -e '.warnings |
	any(test(\"firewalld rejects.*ovnet0.*--add-interface=ovnet0\"))'"
equal "subnet by the device alone" "$own" "$(subnet a)"
equal "VtepMAC by the device alone" "$mac" "$(vtep_mac "$own")"
on a nft delete table inet firewalld
reach a b
