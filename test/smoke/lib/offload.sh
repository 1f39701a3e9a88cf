# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# One lab of offload_matrix.sh: a host with ovnet for each uplink driver, behind each of them a
# container for each kind of port, and one host with the kernel's own data plane (c). Sourced behind
# lib.sh.
#
# Sources are HOST-pod (the host device), HOST-t (tap), HOST-e (af_xdp on a veth), HOST-d (a dpdk
# vdev), vm (vhost). What arrives at a TAP is not judged there, where a kernel believes what it is
# told of checksums, but in HOST-u, behind it: its veth takes nothing unfinished, so the kernel of
# HOST-t cuts and finishes by what ovnet said. The same is done to pods behind the host device.

PEER=$OVNET_ROOT/test/smoke/lib/offload_peer.py
PEER_PORT=7000
STREAM_BYTES=${STREAM_BYTES:-400000}
declare -A UPLINK=() # host -> driver
declare -A NS_HOST=() # source or judge -> its host
JUDGES=()
N_STREAMS=0

# far_ip NAME 4|6: address of a source or judge.
far_ip() {
	local last=$1 host=${NS_HOST[$1]}
	case ${1#*-} in
	t) last=130 ;;
	u) last=131 ;;
	e) last=140 ;;
	d) last=150 ;;
	*)
		[ "$1" != vm ] || host=vm
		address_of "$host" "$2"
		return
		;;
	esac
	if [ "$2" = 6 ]; then
		printf '%s%s\n' "$(pod_ip6 "$host" | sed 's/2$//')" $last
	else
		address_plus "$(base "$host")" $last
	fi
}

both_ips() {
	if dual_stack; then echo "$(far_ip "$1" 4),$(far_ip "$1" 6)"; else far_ip "$1" 4; fi
}

versions() {
	if dual_stack; then echo 4 6; else echo 4; fi
}

# inside NAME COMMAND...: in its namespace.
inside() {
	ip netns exec "$LAB-$1" "${@:2}"
}

# judge_at NAME: a server there, and its kernel's counters are looked at.
judge_at() {
	JUDGES+=("$1")
	spawn "$LAB_DIR/peer.$1.log" ip netns exec "$LAB-$1" "$PEER" serve $PEER_PORT
}

# far_configure NAME DEVICE: an address of its port, and the gateway.
far_configure() {
	local v
	for v in $(versions); do
		if [ "$v" = 6 ]; then
			ip -n "$LAB-$1" addr add "$(far_ip "$1" 6)/128" dev "$2" nodad
		else
			ip -n "$LAB-$1" addr add "$(far_ip "$1" 4)/32" dev "$2"
		fi
	done
	ip -n "$LAB-$1" link set dev "$2" mtu "$(env_value "${NS_HOST[$1]}" MTU)" up
	ip -n "$LAB-$1" route add default via "$(address_plus "$(base "${NS_HOST[$1]}")" 1)" dev "$2" onlink
	! dual_stack || ip -n "$LAB-$1" route add default \
		via "$(pod_ip6 "${NS_HOST[$1]}" | sed 's/2$/1/')" dev "$2" onlink
}

port_add() {
	"$OVNETCTL" --socket "$LAB_DIR/$1/ctl.sock" port add "${@:2}" >/dev/null ||
		fail "no port on $1: ${*:2}"
}

# tap_add HOST: its TAP in HOST-t, which routes to HOST-u.
tap_add() {
	local t=$1-t u=$1-u v
	NS_HOST[$t]=$1 NS_HOST[$u]=$1
	port_add "$1" "t$1" driver=tap "addresses=$(both_ips "$t"),$(both_ips "$u")"
	ns_add "$t"
	ns_add "$u"
	ns_forwards "$t"
	ip -n "$LAB-$1" link set dev "t$1" netns "$LAB-$t" name eth0
	far_configure "$t" eth0
	ip -n "$LAB-$t" link add behind type veth peer name eth0 netns "$LAB-$u"
	inside "$t" ethtool -K behind tx off >/dev/null
	ip -n "$LAB-$t" link set behind mtu "$(env_value "$1" MTU)" up
	far_configure "$u" eth0
	for v in $(versions); do
		ip -n "$LAB-$t" route add "$(far_ip "$u" "$v")" dev behind
		ip -n "$LAB-$t" neigh add "$(far_ip "$u" "$v")" dev behind nud permanent \
			lladdr "$(inside "$u" cat /sys/class/net/eth0/address)"
		ip -n "$LAB-$u" neigh add "$(ip -n "$LAB-$u" -j "-$v" route show default | json '.[0].gateway')" \
			dev eth0 nud permanent lladdr "$(inside "$t" cat /sys/class/net/behind/address)"
	done
	judge_at "$u"
}

# wire_add HOST LETTER KEY=VALUE...: a port on a veth whose other end finishes all it sends.
wire_add() {
	local far=$1-$2
	NS_HOST[$far]=$1
	ns_add "$far"
	ip -n "$LAB-$1" link add "w$2" type veth peer name eth0 netns "$LAB-$far"
	on "$1" ethtool -K "w$2" tx off >/dev/null
	inside "$far" ethtool -K eth0 tx off gso off tso off >/dev/null
	ip -n "$LAB-$1" link set dev "w$2" mtu "$(env_value "$1" MTU)" up
	far_configure "$far" eth0
	# What DPDK reads in copy is not for the host's own kernel.
	on "$1" nft "add table netdev w$2; add chain netdev w$2 in \
		{ type filter hook ingress device w$2 priority 0; policy drop; }"
	port_add "$1" "$2$1" "${@:3}" "addresses=$(both_ips "$far")" \
		"mac=$(inside "$far" cat /sys/class/net/eth0/address)"
	judge_at "$far"
}

pod_judge() {
	NS_HOST[$1-pod]=$1
	on "$1" ethtool -K pod tx off >/dev/null
	judge_at "$1-pod"
}

# ovnet_config HOST DRIVER: flags, or a file, for an uplink of that kind.
uplink_flags() {
	if [ "$2" != dpdk ]; then
		echo "--uplink=iface=eth0,driver=$2"
		return
	fi
	cat >"$LAB_DIR/$1/ovnet.conf" <<-END
		uplinks = ( { devargs = "net_af_packet0,iface=eth0"; address = "$(host_ip "$1")/24";
		              neighbours = ( { ip = "$(host_ip c)"; mac = "$(on c cat /sys/class/net/eth0/address)"; } ); } );
	END
	echo "--config=$LAB_DIR/$1/ovnet.conf"
}

# offload_host HOST DRIVER
offload_host() {
	UPLINK[$1]=$2
	host_add "$1" ovnet
	ovnetd_start "$1" "$(uplink_flags "$1" "$2")" --dpdk-verify=1
	ovnetd_wait "$1"
	pod_add "$1"
	pod_judge "$1"
	tap_add "$1"
	wire_add "$1" e driver=af_xdp iface=we
	wire_add "$1" d devargs=net_af_packet7,iface=wd
}

# state_set NAME whole|partial|segments: what its kernel hands to ovnet. A device that cannot be told
# so hands in less, which is judged all the same.
state_set() {
	local tx=on segments=off feature
	[ "$2" != whole ] || tx=off
	[ "$2" != segments ] || segments=on
	for feature in "tx $tx" "tso $segments" "gso $segments" "tx-udp-segmentation $segments"; do
		# shellcheck disable=SC2086
		inside "$1" ethtool -K eth0 $feature >/dev/null 2>&1 || true
	done
}

# kind_of NAME
kind_of() {
	case $1 in
	c-pod) echo peer ;;
	*-pod) echo host ;;
	*-t | *-u) echo tap ;;
	*-e) echo veth ;;
	*-d) echo dpdk ;;
	vm) echo vhost ;;
	esac
}

# cell ID UPLINK-HOST FROM IP PROTO TO JUDGE [MORE]
cell() {
	printf '{"id":%d,"backend":"%s","uplink":"%s","from":"%s","state":"%s","ip":"%s","proto":"%s","to":"%s","judge":"%s"%s}\n' \
		"$1" "$BACKEND" "${UPLINK[$2]}" "$3" "$STATE" "$4" "$5" "$6" "$7" "${8:-}"
}

# stream FROM TO UPLINK-HOST KIND: each IP version and protocol, of the present $STATE.
stream() {
	local v proto segment=false
	[ "$STATE" != segments ] || segment=true
	for v in $(versions); do
		for proto in tcp udp; do
			N_STREAMS=$((N_STREAMS + 1))
			printf '{"id":%d,"to":"%s","proto":"%s","port":%d,"bytes":%d,"segment":%s}\n' $N_STREAMS \
				"$(far_ip "$2" "$v")" $proto $PEER_PORT "$STREAM_BYTES" $segment >>"$LAB_DIR/streams.$1"
			cell $N_STREAMS "$3" "$(kind_of "$1")" "v$v" $proto "$4" "$2" >>"$LAB_DIR/cells"
		done
	done
}

# sources HOST: those that can hand in the present state.
sources() {
	echo "$1-pod" "$1-t"
	[ "$STATE" != whole ] || echo "$1-e" "$1-d"
}

streams_of_host() {
	local from to
	for from in $(sources "$1"); do
		to=$1-u
		[ "$from" != "$1-t" ] || to=$1-pod
		stream "$from" "$to" "$1" local
		stream "$from" c-pod "$1" peer
	done
	for to in "$1-pod" "$1-u" "$1-e" "$1-d"; do
		stream c-pod "$to" "$1" "$(kind_of "$to")"
	done
}

# checksum_errors NAME: what its kernel found wrong so far. A SYN that comes twice is one of the
# segments TCP calls errors, and as good as the first one.
checksum_errors() {
	inside "$1" nstat -asjz | json '.kernel | [.TcpInErrs, .TcpInCsumErrors, .UdpInCsumErrors,
		.Udp6InCsumErrors, .IcmpInCsumErrors, .Icmp6InCsumErrors, .IpInHdrErrors, .IpExtInCsumErrors,
		-.TcpExtTCPSYNChallenge] | add'
}

# phase STATE: all its streams at once, and what came of them, as cells with `ok` and `why`.
phase() {
	local name pids=() pid
	declare -A before=()
	STATE=$1
	rm -f "$LAB_DIR"/streams.* "$LAB_DIR/cells" "$LAB_DIR/results"
	for name in "${!UPLINK[@]}"; do
		streams_of_host "$name"
	done
	for name in "${JUDGES[@]}"; do
		before[$name]=$(checksum_errors "$name")
	done
	for name in "$LAB_DIR"/streams.*; do
		name=${name##*/streams.}
		case $name in *-e | *-d) ;; *) state_set "$name" "$STATE" ;; esac
		ip netns exec "$LAB-$name" timeout 60 "$PEER" send <"$LAB_DIR/streams.$name" >>"$LAB_DIR/results" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || true
	done
	for name in "${JUDGES[@]}"; do
		jq -nc --arg judge "$name" --argjson n $(($(checksum_errors "$name") - before[$name])) '{$judge, $n}'
	done >"$LAB_DIR/errors"
	jq -c --slurpfile results "$LAB_DIR/results" --slurpfile errors "$LAB_DIR/errors" '
		. as $cell | ([$results[] | select(.id == $cell.id)][0] // {ok: false, why: "no result"}) as $r
		| ([$errors[] | select(.judge == $cell.judge) | .n][0] // 0) as $n
		| del(.id, .judge) + (if $r.ok and $n == 0 then {ok: true, why: ""}
			elif $r.ok then {ok: false, why: "\($n) packets with wrong checksums came to \($cell.judge)"}
			else {ok: false, why: $r.why} end)' "$LAB_DIR/cells"
}
