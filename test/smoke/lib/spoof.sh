# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Hostile hosts on the fabric against node a, and what has to come of each of their packets.
# Sourced behind lib.sh.
#
#   a  the victim, runs ovnetd            b  an honest peer
#   m  a peer with a lease that lies      stranger  a host on the fabric without a lease

SPOOF_COUNT=7
SPOOF_MODE=strict
SPOOF_REFUSED='{}' # what a should have refused by now, by reason

eth0_mac() {
	on "$1" cat /sys/class/net/eth0/address
}

# watch_device HOST DEVICE: counts the packets of this test that come in there.
watch_device() {
	ip netns exec "$LAB-$1" nft -f - <<-END
		table netdev watch {
			counter seen { }
			chain in {
				type filter hook ingress device $2 priority 0
				udp dport { 9, 68, 546 } counter name seen
				icmpv6 type nd-router-advert counter name seen
			}
		}
	END
}

unwatch() {
	on "$1" nft delete table netdev watch
}

came_in() {
	on "$1" nft -j list counter netdev watch seen |
		json '.nftables[] | select(.counter).counter.packets'
}

last_source() {
	ctl "$1" drops | json --arg r "$2" '.[] | select(.reason == $r and .port == null) | .last_source'
}

# The lab: hosts, and what the senders need to know of a.
spoof_lab() {
	local h
	lab_up
	ovnet_host a
	linux_host b
	linux_host m
	host_add stranger linux
	for h in b m; do
		reach $h a
	done
	# What the kernel sends before it has an address is nobody's lie.
	! dual_stack || ip netns exec "$LAB-a" nft -f - <<-END
		table ip6 quiet {
			chain out {
				type filter hook output priority 0
				oifname ovnet0 ip6 saddr :: drop
			}
		}
	END
	spoof_watch
	watch_device a-pod eth0
	SPOOF_ETH=$(eth0_mac a)
}

# Packets a refused, by reason.
all_drops() {
	ctl a drops | jq -Sc 'map(select(.port == null and .packets > 0) | {(.reason): .packets}) | add // {}'
}

# plus_drops DROPS REASON COUNT: as all_drops after COUNT more.
plus_drops() {
	jq -Sc --arg r "$2" --argjson n "$3" '.[$r] += $n' <<<"$1"
}

# Also at the host device: the kernel behind it refuses some itself.
spoof_watch() {
	SPOOF_REFUSED=$(all_drops)
	watch_device a ovnet0
}

# spoof_again MODE [FLAG...]: a as another daemon.
spoof_again() {
	SPOOF_MODE=$1
	ovnetd_stop a
	unwatch a
	ovnetd_start a "--ingress-validation=$1" "${@:2}"
	ovnetd_wait a
	reach b a
	spoof_watch
}

# Is it a refusal by validation, which the mode decides about?
by_validation() {
	case $1 in
	unknown-peer | inner-source | routed-mac | foreign-source) return 0 ;;
	esac
	return 1
}

# spoof_totals REASON SINK: "dropped permitted came-in"
spoof_totals() {
	echo "$(ctl a drops | jq -r --arg r "$1" '[.[] | select(.reason == $r)]
		| "\(map(.packets) | add // 0) \(map(.permitted) | add // 0)"') $(came_in "$2")"
}

totals_are() {
	[ "$(spoof_totals "$1" "$2")" = "$3" ]
}

# verdict REASON SINK SENDER...: what SENDER sends is refused for REASON in the mode there is, or
# comes in at SINK. REASON "-": always comes in, uncounted.
verdict() {
	local reason=$1 sink=$2 n=$SPOOF_COUNT dropped permitted in wanted
	shift 2
	read -r dropped permitted in < <(spoof_totals "$reason" "$sink")
	if [ "$reason" = - ] || { by_validation "$reason" && [ $SPOOF_MODE = off ]; }; then
		wanted="$dropped $permitted $((in + n))"
	elif by_validation "$reason" && [ $SPOOF_MODE = permissive ]; then
		wanted="$dropped $((permitted + n)) $((in + n))"
	else
		wanted="$((dropped + n)) $permitted $in"
		SPOOF_REFUSED=$(plus_drops "$SPOOF_REFUSED" "$reason" "$n")
	fi
	"$@" --count $n
	retry 10 totals_are "$reason" "$sink" "$wanted" ||
		equal "$SPOOF_MODE: dropped, permitted, let in for $reason (${*:3})" "$wanted" \
			"$(spoof_totals "$reason" "$sink")"
}

# spoof_from HOST OPTION...: frames from HOST to a. Good ones of m, where no option says else.
spoof_from() {
	on "$1" "$OVNET_ROOT/test/smoke/lib/spoof_send.py" --tunnel "$SPOOF_TUNNEL" \
		--eth-src "$(eth0_mac "$1")" --eth-dst "$SPOOF_ETH" "${SPOOF_GOOD[@]}" "${@:2}"
}

# refused REASON HOST OPTION...
refused() {
	verdict "$1" a spoof_from "${@:2}"
}

# passes HOST OPTION...
passes() {
	verdict - a spoof_from "$@"
}

pod_sends() {
	in_pod a "$OVNET_ROOT/test/smoke/lib/spoof_send.py" --tunnel none \
		--eth-src "$(in_pod a cat /sys/class/net/eth0/address)" \
		--eth-dst "$(on a cat /sys/class/net/cni0/address)" "$@"
}

# pod_sends_as REASON ADDRESS TARGET: from behind the host device, to a pod of b.
pod_sends_as() {
	verdict "$1" b pod_sends --inner-src "$2" --inner-dst "$3"
}

# Whatever was refused in all these cases was refused by their reasons, and once.
nothing_else_refused() {
	equal "$SPOOF_MODE: packets refused by a, by reason" "$SPOOF_REFUSED" "$(all_drops)"
}

# honest_start FROM TO: pings from pod to pod, 50 a second.
honest_start() {
	spawn "$LAB_DIR/honest" ip netns exec "$LAB-$1-pod" ping -n -i 0.02 "$(pod_ip "$2")"
	HONEST=$SPAWNED
}

many_honest() {
	[ "$(grep -c 'ttl=' "$LAB_DIR/honest")" -gt 50 ]
}

honest_end() {
	within 10 "many honest pings are answered" many_honest
	kill -INT "$HONEST"
	wait "$HONEST" || true
	# Those of the last second may be on their way where the machine is busy; no earlier one is missing.
	expect "none was lost: $(grep 'packet loss' "$LAB_DIR/honest")" \
		awk -F'icmp_seq=| ttl=' '/ ttl=/ { n++; if ($2 > last) last = $2 + 0 }
			/ received/ { split($0, f, " "); sent = f[1] }
			END { exit !(n == last && sent - n <= 50) }' "$LAB_DIR/honest"
}

# warned REGEX: a's status has a warning like that.
warned() {
	ctl a status | json '.warnings[]' | grep -Eq -- "$1"
}
