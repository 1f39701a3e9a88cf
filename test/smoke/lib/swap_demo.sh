# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# scripts/demo.sh --swap: a node as flanneld leaves it is taken over by ovnetd and handed back, under
# traffic. What of 5,000 packets a second each way was lost is said in milliseconds.

SWAP_LOST_MS=null BACK_LOST_MS=null SWAP_LIMIT_MS=1000

swap_announce() {
	cat >&2 <<-END
		This demo will, on this machine:
		  - install the Debian packages that are missing (scripts/install-deps.sh --list)
		  - build ovnet in $OVNET_BUILD
		  - reserve $(hugepage_need) MB of hugepages, given back at the end
		  - make network namespaces $LAB-* and run everything in them: etcd, two hosts as flanneld
		    sets them up, ovnetd on one of them for a while; your own network is not touched
		  - remove all of that at the end, also after Ctrl-C
	END
}

# What all flannelds of the lab do. One that is stopped leaves everything as it is.
flanneld_stop() {
	end_process "$(<"$LAB_DIR/watch.pid")" 5 || true
	rm -f "$LAB_DIR/watch.pid" "$LAB_DIR/$1/peers"
	linux_watch
}

flanneld_start() {
	: >"$LAB_DIR/$1/peers"
	end_process "$(<"$LAB_DIR/watch.pid")" 5 || true
	rm -f "$LAB_DIR/watch.pid"
	linux_watch
}

# The most that was lost one way, in LOST.
swap_count() {
	flow_stop
	jq -r '"           \(.way): \(.lost) of \(.sent) packets lost, longest gap \(.gap_ms) ms"' \
		"$LAB_DIR/flow.json" >&2
	LOST=$(jq -s --argjson r "$FLOW_RATE" '[.[] | .lost * 1000 / $r | ceil] | max' \
		"$LAB_DIR/flow.json")
}

ovnetd_over() {
	gone_or_zombie "$(ovnetd_pid "$1")"
}

swap_flannel_kept() {
	[ "$(on "$1" cat /sys/class/net/flannel.1/{ifindex,address} | xargs)" = "$2" ] &&
		[ -n "$(on "$1" ip route show "$(subnet linux1)" dev flannel.1)" ]
}

swap_story() {
	local node=node own mac known
	fabric_up
	etcd_start
	netconf "$NETCONF"
	step "linux1 and $node: flannel.1, routes, neighbours and fdb entries as flanneld sets them"
	linux_host linux1
	linux_host $node
	both_ways linux1 $node || true
	check "they reach each other by the kernel" both_ways $node linux1
	own=$(subnet $node) mac=$(vtep_mac "$own")

	step "flanneld is stopped on $node, ovnetd is started; $FLOW_RATE packets a second each way"
	flanneld_stop $node
	flow_start linux1 $node
	ovnetd_start $node
	ovnetd_wait $node 30
	check "they reach each other by ovnet" both_ways linux1 $node
	swap_count
	SWAP_LOST_MS=$LOST
	check "$SWAP_LOST_MS ms lost" test "$SWAP_LOST_MS" -lt $SWAP_LIMIT_MS
	check "the subnet is the same, $own" test "$(subnet $node)" = "$own"
	check "the VtepMAC is the same, $mac" test "$(vtep_mac "$own")" = "$mac"
	check "nothing of flannel's is left" no_flannel $node

	step "ovnetctl handover kernel"
	flow_start linux1 $node
	check "ovnetd hands $node over" "$OVNETCTL" --socket "$LAB_DIR/$node/ctl.sock" handover kernel
	check "there is no ovnetd any more" retry 10 ovnetd_over $node
	rm -f "$LAB_DIR/$node/ovnetd.pid"
	check "they reach each other with no daemon at all" both_ways linux1 $node
	swap_count
	BACK_LOST_MS=$LOST
	check "$BACK_LOST_MS ms lost" test "$BACK_LOST_MS" -lt $SWAP_LIMIT_MS
	check "nothing of ovnet's is left" no_ovnet0 $node

	step "flanneld is started on $node and finds a device it knows"
	known=$(on $node cat /sys/class/net/flannel.1/{ifindex,address} | xargs)
	check "its MAC is the one in the lease" test "${known#* }" = "$mac"
	flanneld_start $node
	check "flannel.1 is the same" retry 5 swap_flannel_kept $node "$known"
	check "they reach each other" both_ways linux1 $node
	RESULT=$(jq -n --argjson swap "$SWAP_LOST_MS" --argjson back "$BACK_LOST_MS" --arg subnet "$own" \
		'{ok: false, subnet: $subnet, swap_lost_ms: $swap, back_lost_ms: $back}')
}

no_flannel() {
	[ -z "$(on "$1" ls /sys/class/net | grep flannel)" ]
}

no_ovnet0() {
	[ -z "$(on "$1" ls /sys/class/net | grep ovnet)" ] &&
		[ -z "$(on "$1" ip route show table all proto 111)" ]
}
