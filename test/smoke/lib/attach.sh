# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Containers x and y on host a, by TAPs. To the rest of the library they are pods: in_pod x, pod_ip x.
# Sourced behind lib.sh, spoof.sh and lies.sh; dual stack.

GUEST_NET=10.5.201 GUEST_NET6=fd05:0:0:c9: # beside what linux_lease gives away
declare -A GUEST=([x]=130 [y]=131)         # their addresses' last part
SINKS=('y-pod eth0' 'a ovnet0' 'b flannel.1' 'o eth0') # where nothing of them may come

pod_ip() {
	if [ -n "${GUEST[$1]:-}" ]; then
		echo "$GUEST_NET.${GUEST[$1]}"
	else
		address_plus "$(base "$1")" 2
	fi
}

pod_ip6() {
	local gw
	if [ -n "${GUEST[$1]:-}" ]; then
		echo "$GUEST_NET6:${GUEST[$1]}"
	else
		gw=$(env_value "$1" IPV6_SUBNET)
		echo "${gw%1/*}2"
	fi
}

guest_mac() {
	printf '02:00:00:00:01:%02x\n' "${GUEST[$1]}"
}

# quiet NS: what a kernel says on its own, by IPv6, is not for the counts of this test.
quiet() {
	ip netns exec "$LAB-$1" nft -f - <<-END
		table ip6 quiet {
			chain out {
				type filter hook output priority 0
				ip6 saddr :: drop
				icmpv6 type { nd-router-solicit, mld-listener-report, mld2-listener-report } drop
			}
		}
	END
}

# guests_subnet: a is to have the one an earlier life had.
guests_subnet() {
	printf 'FLANNEL_%s\n' NETWORK=10.5.0.0/16 SUBNET=$GUEST_NET.1/24 IPV6_NETWORK=fd05::/48 \
		IPV6_SUBNET=$GUEST_NET6:1/64 MTU=1450 IPMASQ=true >"$LAB_DIR/a/subnet.env"
}

# guests_start [FLAG...]: ovnetd on a with a port for each, in that subnet.
guests_start() {
	local g ports=()
	for g in "${!GUEST[@]}"; do
		ports+=("--port=name=$g,driver=tap,mac=$(guest_mac "$g"),addresses=$(pod_ip "$g"),$(pod_ip6 "$g")")
	done
	guests_subnet
	ovnetd_start a --ip-masq "${ports[@]}" "$@"
	ovnetd_wait a
	equal "subnet of a" $GUEST_NET.0/24 "$(subnet a)"
}

guest_ns() {
	[ ! -e "/run/netns/$LAB-$1-pod" ] || return 0
	ns_add "$1-pod"
	quiet "$1-pod"
}

# guest_plug NAME: its TAP into its namespace. x takes its subnet for a link, y knows the gateway alone.
guest_plug() {
	local len=24 len6=64
	[ "$1" = x ] || len=32 len6=128
	guest_ns "$1"
	within 5 "the TAP of $1 is there" on a ip link show "$1"
	ip -n "$LAB-a" link set dev "$1" netns "$LAB-$1-pod" name eth0
	ip -n "$LAB-$1-pod" -batch - <<-END
		addr add $(pod_ip "$1")/$len dev eth0
		addr add $(pod_ip6 "$1")/$len6 dev eth0 nodad
		link set eth0 up
		route add default via $GUEST_NET.1 dev eth0 onlink
		route add default via $GUEST_NET6:1 dev eth0 onlink
	END
	equal "MAC of $1" "$(guest_mac "$1")" "$(in_pod "$1" cat /sys/class/net/eth0/address)"
}

guests_plug() {
	local g
	for g in "${!GUEST[@]}"; do
		guest_plug "$g"
	done
}

# lies_send: x does.
lies_send() {
	in_pod x "$OVNET_ROOT/test/smoke/lib/spoof_send.py" --tunnel none --eth-src "$(guest_mac x)" \
		--eth-dst "$(ctl a ports | json '.[] | select(.name == "x") | .mac')" \
		--inner-src "$(pod_ip x)" --inner-dst "$(pod_ip y)" --count "$LIES" --more
}

# The world counts what comes from the node's address; the containers' own never gets there.
world_watch() {
	on o nft -f - <<-END
		table ip world {
			counter seen { }
			chain in {
				type filter hook input priority 0
				ip saddr $(host_ip a) icmp type echo-request counter name seen
				ip saddr 10.5.0.0/16 drop
			}
		}
	END
}

world_saw() {
	on o nft -j list counter ip world seen | json '.nftables[] | select(.counter).counter.packets'
}
