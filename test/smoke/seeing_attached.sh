#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What an operator sees of a container at an attach port, by IPv6 and IPv4: captures of that port with
# exact counts, inside and outside of the tunnel, the way of a packet, what is refused, and why another
# one would be.
# runs: asan
export LAB_DUAL=1
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/attach.sh"

see() {
	timeout 20 "$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" "$@"
}

BEGUN=0
# looks FILE WORD...: ovnetctl in the background, its standard output in FILE, until seen().
looks() {
	BEGUN=$((BEGUN + 1))
	see "${@:2}" >"$LAB_DIR/$1" 2>"$LAB_DIR/$1.log" &
	LOOKS=$!
	within 5 "it begins: ${*:2}" eval \
		'[ "$(grep -Ec "a (capture|trace) begins" "$LAB_DIR/a/log")" -ge $BEGUN ]'
}

seen() {
	wait "$LOOKS" || fail "ovnetctl ended with $?: $(cat "$LAB_DIR"/*.log)"
}

# in_file FILE FILTER: packets.
in_file() {
	tshark -r "$LAB_DIR/$1" -d udp.port==8472,vxlan -Y "$2" 2>/dev/null | wc -l
}

# ways FILE: of the first packet, its stages and what became of it.
ways() {
	jq -r '.[0] | [([.stages[].stage] | join(" ")), .outcomes[0].outcome,
		(.outcomes[0].reason // .outcomes[0].port)] | join(": ")' "$LAB_DIR/$1"
}

lab_up
host_add a ovnet
linux_host b
guests_start --ingress-validation=strict
guests_plug
uplink=$(see --json ports | jq -r '.[] | select(.role == "uplink") | .name')
for to in "$(pod_ip b)" "$(pod_ip6 b)"; do
	within 10 "x reaches $to" in_pod x ping -q -n -c 1 -W 1 "$to"
done

for v in 4 6; do
	[ $v = 4 ] && x=$(pod_ip x) b=$(pod_ip b) icmp=icmp || x=$(pod_ip6 x) b=$(pod_ip6 b) icmp=icmp6
	# Both ways of a ping, neither neighbour discovery nor anything else of the kernel's.
	pings="$icmp and host $x and host $b"

	say "IPv$v: at the container's port"
	looks port.pcapng capture x --inner "$pings" -c 10 -w -
	in_pod x ping -q -n -c 5 -i 0.02 "$b" >/dev/null
	seen
	echo=$([ $v = 4 ] && echo 'icmp.type in {0, 8}' || echo 'icmpv6.type in {128, 129}')
	equal "packets of it" 10 "$(in_file port.pcapng "$echo")"
	equal "from the container" 5 "$(in_file port.pcapng 'frame.interface_name == "x in"')"
	equal "to it, with its MAC address" 5 "$(in_file port.pcapng \
		"frame.interface_name == \"x out\" and eth.dst == $(guest_mac x)")"

	say "IPv$v: on the uplink, in the tunnel"
	looks uplink.pcapng capture "$uplink" --inner "$pings" -c 4 -w -
	in_pod x ping -q -n -c 2 -i 0.02 "$b" >/dev/null
	seen
	equal "all by VXLAN" 4 "$(in_file uplink.pcapng vxlan.vni)"

	say "IPv$v: its way"
	looks trace --json trace x -c 1 --inner "$pings"
	in_pod x ping -q -n -c 1 "$b" >/dev/null
	seen
	equal "out" "rx classify route encap tx: sent: $uplink" "$(ways trace)"
	looks trace --json trace "$uplink" -c 1 --inner "$pings"
	in_pod x ping -q -n -c 1 "$b" >/dev/null
	seen
	equal "in" "rx classify decap deliver tx: sent: x" "$(ways trace)"

	say "IPv$v: what would become of one"
	equal "there and back" "$uplink x" "$(see --json why "$x" "$b" --from x |
		jq -r '[.there.sent[0].port, .back.sent[0].port] | join(" ")')"
	equal "from somebody else's port" foreign-source \
		"$(see --json why "$x" "$b" --from y | jq -r '.there.refused[0].reason')"
done

say "what is refused"
looks drops.pcapng capture --drops --inner "udp and src host $(pod_ip6 y)" -c 3 -w -
in_pod x "$OVNET_ROOT/test/smoke/lib/spoof_send.py" --tunnel none --eth-src "$(guest_mac x)" \
	--eth-dst "$(ctl a ports | json '.[] | select(.name == "x") | .mac')" \
	--inner-src "$(pod_ip6 y)" --inner-dst "$(pod_ip6 b)" --count 3
seen
equal "each with its reason" 3 \
	"$(in_file drops.pcapng 'frame.comment contains "foreign-source, came by x"')"
