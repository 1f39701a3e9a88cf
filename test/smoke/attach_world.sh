#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The host's side of attach ports, of stand-ins for VMs (TAPs), dual stack, and with a FORWARD chain
# that drops, as docker's: nothing is set up by hand, and they, the node, its pods and the world
# reach each other, also by a service's address (DNAT). What somebody removes comes back, a new
# bridge is noticed, a restart takes over what it wants, --cleanup takes all of it.
# runs: asan
export LAB_DUAL=1
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/attach.sh"

declare -A SERVICE=([a]=10.96.0.10 [x]=10.96.0.11 [y]=10.96.0.12 [b]=10.96.0.13)
declare -A SERVICE6=([a]=fd96::10 [x]=fd96::11 [y]=fd96::12 [b]=fd96::13)

pings() {
	ip netns exec "$LAB-$1" ping -q -n -c 1 -W 1 "$2" >/dev/null
}

# meets NS ADDRESS...: each answers.
meets() {
	local to
	for to in "${@:2}"; do
		within 5 "$to answers $1" pings "$1" "$to"
	done
}

# copy_to NS ADDRESS SERVER: 256 KB by TCP to that address arrive unchanged in the server's pod.
copy_to() {
	local dir=$LAB_DIR/copy server v=4
	[[ $2 != *:* ]] || v=6
	mkdir -p "$dir"
	head -c 256K /dev/urandom >"$dir/sent"
	ip netns exec "$LAB-$3-pod" timeout 20 nc -$v -l -N 7777 >"$dir/got" </dev/null &
	server=$!
	retry 3 listening "$3" 7777 || return 1
	ip netns exec "$LAB-$1" timeout 20 nc -N "$2" 7777 <"$dir/sent" || true
	wait "$server" || true
	cmp -s "$dir/sent" "$dir/got"
}

# As kube-proxy and docker would.
services_up() {
	local to
	on a iptables -P FORWARD DROP
	on a ip6tables -P FORWARD DROP
	for to in "${!SERVICE[@]}"; do
		on a iptables -t nat -A PREROUTING -d "${SERVICE[$to]}" -j DNAT \
			--to-destination "$(pod_ip "$to")"
		on a ip6tables -t nat -A PREROUTING -d "${SERVICE6[$to]}" -j DNAT \
			--to-destination "$(pod_ip6 "$to")"
	done
	on a iptables -t nat -A PREROUTING -d "$(host_ip a)" -p tcp --dport 7777 -j DNAT \
		--to-destination "$(pod_ip x)"
	on a ip6tables -t nat -A PREROUTING -d "$(host_ip6 a)" -p tcp --dport 7777 \
		-j DNAT --to-destination "$(pod_ip6 x)"
}

# What there is in a's kernel of ours for those two.
reached() {
	on a ip route show proto 111 | grep -o "^$GUEST_NET\.1[^ ]* .*dev ovnet0" || true
	on a ip -6 route show proto 111 | grep -o "^$GUEST_NET6:[^ ]* dev ovnet0" || true
	(
		on a ip -4 neigh show proxy
		on a ip -6 neigh show proxy
	) | sed 's/ *$//; s/  */ /g'
}

is_reached() {
	[ "$(reached)" = "$1" ]
}

# As world_watch, by IPv6.
world_watch6() {
	on o nft -f - <<-END
		table ip6 world {
			counter seen { }
			chain in {
				type filter hook input priority 0
				ip6 saddr $(host_ip6 a) icmpv6 type echo-request counter name seen
				ip6 saddr fd05::/48 drop
			}
		}
	END
}

world_saw6() {
	on o nft -j list counter ip6 world seen | json '.nftables[] | select(.counter).counter.packets'
}

lab_up
host_add o outside
linux_host b
host_add a ovnet
world_watch
world_watch6
guests_start --ingress-validation=strict
guests_plug
pod_add a
services_up

wanted="$GUEST_NET.130 via $GUEST_NET.130 dev ovnet0
$GUEST_NET.131 via $GUEST_NET.131 dev ovnet0
$GUEST_NET6:130 dev ovnet0
$GUEST_NET6:131 dev ovnet0
$(for g in 130 131; do echo "$GUEST_NET.$g dev cni0 proxy proto 111"; done)
$(for g in 130 131; do echo "$GUEST_NET6:$g dev cni0 proxy proto 111"; done)"
within 5 "routes and proxy entries: $wanted" is_reached "$wanted"
equal "proxy_ndp on the bridge" 1 "$(on a cat /proc/sys/net/ipv6/conf/cni0/proxy_ndp)"
equal "warnings" "[]" "$(ctl a status | jq -c '.warnings | map(select(test("attach|forward")))')"

meets a "$(pod_ip x)" "$(pod_ip6 x)"
meets a-pod "$(pod_ip x)" "$(pod_ip6 x)" "$(pod_ip y)" "$(pod_ip6 y)"
meets x-pod "$(pod_ip a)" "$(pod_ip6 a)" "$(host_ip a)" "$(pod_ip b)" "$(pod_ip6 b)"
expect "4 MB by TCP from a pod to a VM" tcp_copy a x
expect "4 MB by TCP from a VM to a pod" tcp_copy y a

meets x-pod "$(host_ip o)" "$(host_ip6 o)"
expect "the world saw the node's IPv4 address" [ "$(world_saw)" -ge 1 ]
expect "the world saw the node's IPv6 address" [ "$(world_saw6)" -ge 1 ]

for to in a y b; do
	meets x-pod "${SERVICE[$to]}" "${SERVICE6[$to]}"
	expect "TCP of a VM by a service's address to $to" copy_to x-pod "${SERVICE[$to]}" "$to"
	expect "TCP of a VM by a service's IPv6 address to $to" copy_to x-pod "${SERVICE6[$to]}" "$to"
done
expect "TCP of a pod by a service's address to a VM" copy_to a-pod "${SERVICE[x]}" x
expect "TCP of a pod by a service's IPv6 address to a VM" copy_to a-pod "${SERVICE6[x]}" x
expect "TCP of the world to a VM by the node's port" copy_to o "$(host_ip a)" x
expect "and by IPv6" copy_to o "$(host_ip6 a)" x
equal "redirects the kernel sent to VMs" 0 \
	"$(on a nstat -asz IcmpOutRedirects | awk '/Redirects/ { print $2 }')"

on a ip route del "$(pod_ip x)"
on a ip -6 route del "$(pod_ip6 y)"
on a ip neigh del proxy "$(pod_ip y)" dev cni0
within 20 "what somebody removed is back" is_reached "$wanted"
on a ip link set cni0 down
on a ip link set cni0 up
within 5 "the bridge was away" eval '[ "$(reached | grep -c "$GUEST_NET\..* proxy")" = 2 ]'
meets a-pod "$(pod_ip x)"

ovnetd_kill9 a
unset "GUEST[y]"
guests_start --ingress-validation=strict
within 15 "a restart adopts what it wants, and removes the rest" \
	eval '[ "$(reached | grep -c "$GUEST_NET\.131 ")" = 0 ] && reached | grep -q "$GUEST_NET\.130 dev cni0"'
ovnetd_stop a
equal "what stays" 1 "$(reached | grep -c "$GUEST_NET\.130 via")"
mapfile -t flags < <(ovnetd_flags a)
expect "the clean-up says what it does" grep -q "proxy entry $GUEST_NET.130 dev cni0" \
	<(on a "$OVNETD" "${flags[@]}" --cleanup)
equal "what is left" "" "$(reached)"
