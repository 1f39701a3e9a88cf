#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Shows ovnet at work: pods on ovnet hosts and on hosts without it, set up as flanneld does (the
# kernel's vxlan, plain routes, or flannel's udp), talk to each other; a daemon dies and comes back; etcd goes away.
export OVNET_LANE=auto # as preset
. "$(dirname "$0")/../test/smoke/lib.sh"
for part in build guest vm pairs leftovers; do
	. "$OVNET_ROOT/test/smoke/lib/$part.sh"
done

usage() {
	cat <<-END
		usage: scripts/demo.sh [--hosts N] [--etcd-api v2|v3] [--etcd-transport grpc|json]
		                       [--tls] [--backend vxlan|udp|host-gw] [--direct-routing]
		                       [--dual-stack] [--vm] [--json FILE] [--keep]
		       scripts/demo.sh --docker [--etcd-api v2|v3] [--tls] [--backend ...] [--json FILE]
		       scripts/demo.sh --swap [--etcd-api v2|v3] [--tls] [--json FILE]
		       scripts/demo.sh --stop NAME

		  --hosts N     ovnet hosts, 0 to 50 (default 2); two linux hosts are always added
		  --etcd-api V  API of etcd's for the lease tree (default v3); v2: flannel to v0.17
		  --etcd-transport T
		                how the daemons speak v3 (default: what they choose)
		  --tls         etcd speaks TLS and wants a certificate from everybody
		  --backend B   how packets cross the underlay (default vxlan)
		  --direct-routing
		                with vxlan: peers on the link get plain routed packets
		  --dual-stack  IPv4 and IPv6, pods and underlay; vxlan and host-gw
		  --vm          a virtual machine (QEMU, no KVM needed) on the first ovnet host joins:
		                its address by DHCP, then as every pod
		  --docker      instead of all that: containers of docker on two ovnet hosts, of podman with
		                CNI on another and on a host without ovnet
		  --swap        instead of all that: a node as flanneld leaves it is taken over by ovnetd
		                and handed back to the kernel, under traffic
		  --json FILE   write the results there
		  --keep        leave everything up at the end and say how to look around
		  --stop NAME   remove what a demo with --keep left

		Needs root. Ends with 0 only if every check held.
	END
}

usage_error() {
	say "demo.sh: $1"
	usage >&2
	exit 2
}

HOSTS=2 JSON='' KEEP='' VM='' DOCKER='' SWAP='' STARTED=$(now_us) ALL_OK=true LATE=''
RESTART_S=null RESTART_KILL_S=null LOST=null HUGE=false
RESULT='{"ok":false,"hosts":[],"pairs":[],"restart_s":null,"etcd_away_lost":null}'

parse() {
	while [ $# -gt 0 ]; do
		case $1 in
		--help | -h) usage && exit 0 ;;
		--keep) KEEP=1 ;;
		--tls) export LAB_ETCD_TLS=1 ;;
		--direct-routing) LAB_DIRECT=1 ;;
		--dual-stack) LAB_DUAL=1 ;;
		--vm) VM=vm1 ;;
		--docker) DOCKER=1 ;;
		--swap) SWAP=1 HOSTS=1 ;;
		--backend | --hosts | --etcd-api | --etcd-transport | --json | --stop)
			[ $# -ge 2 ] || usage_error "$1 needs a value"
			case $1 in
			--hosts) HOSTS=$2 ;;
			--backend) LAB_BACKEND=$2 ;;
			--etcd-api) export LAB_ETCD_API=$2 ;;
			--json) JSON=$(realpath -m -- "$2") ;;
			--etcd-transport) ETCD_TRANSPORT=$2 ;;
			--stop) stop "$2" ;;
			esac
			shift
			;;
		*) usage_error "unknown argument $1" ;;
		esac
		shift
	done
	[[ $HOSTS =~ ^(0|[1-9][0-9]?)$ ]] && [ "$HOSTS" -le 50 ] || usage_error "--hosts: 0 to 50"
	etcd_choose
	[[ $LAB_ETCD_API =~ ^v[23]$ ]] || usage_error "--etcd-api: v2 or v3"
	[[ $ETCD_TRANSPORT =~ ^(auto|grpc|json)$ ]] || usage_error "--etcd-transport: grpc or json"
	[[ $LAB_BACKEND =~ ^(vxlan|udp|host-gw)$ ]] || usage_error "--backend: vxlan, udp or host-gw"
	[ -z "$LAB_DIRECT" ] || [ "$LAB_BACKEND" = vxlan ] ||
		usage_error "--direct-routing goes with --backend vxlan"
	[ -z "$LAB_DUAL" ] || [ "$LAB_BACKEND" != udp ] ||
		usage_error "--dual-stack: flannel's udp carries IPv4 only"
	[ -z "$VM" ] || [ "$HOSTS" != 0 ] || usage_error "--vm needs an ovnet host"
	[ -n "$VM" ] || LAB_VM_POOL=
	[ -z "$DOCKER" ] || [ "$HOSTS$VM$SWAP$KEEP$LAB_DUAL" = 2 ] ||
		usage_error "--docker has hosts of its own: without --hosts, --vm, --dual-stack, --keep"
	[ -z "$SWAP" ] || [ "$HOSTS$VM$KEEP$LAB_DUAL$LAB_DIRECT$LAB_BACKEND" = 1vxlan ] ||
		usage_error "--swap has hosts of its own, and goes with vxlan alone"
	NETCONF=$(lab_netconf)
	[ "$(id -u)" = 0 ] || usage_error "must run as root: it makes network namespaces"
}

stop() {
	[[ $1 =~ ^ov[0-9]+$ ]] && [ -d "$LAB_TOP/$1" ] || usage_error "no demo named $1 is up"
	LAB=$1 LAB_DIR=$LAB_TOP/$1
	set +e
	lab_destroy
	say "$1 is removed"
	exit 0
}

step() {
	say "${BOLD}[$(printf %6s "$(seconds_since "$STARTED")") s]${PLAIN} $*"
}

# check WHAT COMMAND...: shown, remembered, not the end.
check() {
	local what=$1
	shift
	if "$@"; then
		say "           ${GREEN}ok${PLAIN}: $what"
	else
		say "           ${RED}FAILED${PLAIN}: $what"
		remember_failure "FAIL: $(where): $what"
		ALL_OK=false
	fi
}

announce() {
	cat >&2 <<-END
		This demo will, on this machine:
		  - install the Debian packages that are missing (scripts/install-deps.sh --list)
		  - build ovnet in $OVNET_BUILD
		  - reserve $(hugepage_need) MB of hugepages, given back at the end
		  - make network namespaces $LAB-* and run everything in them: etcd, $HOSTS ovnet hosts,
		    two linux hosts, a pod on each${VM:+, a virtual machine}; your own network is not touched
		  - remove all of that at the end, also after Ctrl-C
	END
}

hugepage_need() {
	[ "$HOSTS" = 0 ] && echo 0 || echo $(((HOSTS + 1) * 96))
}

prepare() {
	local leave_out=()
	[ -n "$VM" ] || leave_out+=(--without-vm)
	[ -n "$DOCKER" ] || leave_out+=(--without-containers)
	if [ -n "$DOCKER" ]; then
		docker_announce
	elif [ -n "$SWAP" ]; then
		swap_announce
	else
		announce
	fi
	step "packages"
	"$OVNET_ROOT/scripts/install-deps.sh" "${leave_out[@]}" >&2 ||
		fail "packages are missing, see above"
	step "building in $OVNET_BUILD"
	build_tree "$OVNET_BUILD" || fail "ovnet does not build, see above"
	BEFORE=$(leftovers_note)
	lab_create
	if [ -n "$VM" ]; then
		step "a kernel and an initramfs for the virtual machine"
		guest_image
	fi
	if [ "$HOSTS" = 0 ]; then
		return
	elif hugepages_hold "$(hugepage_need)"; then
		HUGE=true
	else
		step "no hugepages to be had (see above): going on with 4K pages, slower"
	fi
}

linux_kind() {
	case $LAB_BACKEND in
	vxlan) echo "kernel vxlan${LAB_DIRECT:+ or plain routes}" ;;
	host-gw) echo "plain kernel routes" ;;
	udp) echo "flannel's udp, by a program of the tests" ;;
	esac
}

hosts_up() {
	local h wanted
	OVNET=() LINUX=(linux1 linux2)
	for ((h = 1; h <= HOSTS; h++)); do
		OVNET+=("ovnet$h")
	done
	ALL=("${OVNET[@]}" "${LINUX[@]}")
	step "fabric and etcd; transmit checksum offload is off on the veths that stand in for NICs"
	fabric_up
	etcd_start
	netconf "$NETCONF"
	step "linux hosts: ${LINUX[*]} ($(linux_kind) as flanneld sets it up, no ovnet)"
	for h in "${LINUX[@]}"; do
		linux_host "$h"
	done
	[ "$HOSTS" = 0 ] || step "ovnet hosts: ${OVNET[*]}"
	for h in "${OVNET[@]}"; do
		host_add "$h" ovnet
		ovnetd_start "$h"
	done
	for h in "${OVNET[@]}"; do
		ovnetd_wait "$h" 30
		pod_add "$h"
	done
	over_v2 && wanted=v2 || wanted=v3/${ETCD_TRANSPORT/auto/grpc}
	for h in "${OVNET[@]}"; do
		check "$h speaks to etcd over $wanted" \
			test "$(ctl "$h" status | json .etcd.transport)" = "$wanted"
	done
	for h in "${ALL[@]}"; do
		iperf_server "$h"
	done
	[ -z "$VM" ] || vm_joins
}

vm_joins() {
	step "ovnetctl vm add $VM on ${OVNET[0]}, QEMU with the arguments it gives, DHCP"
	vm_up "${OVNET[0]}" $VM
	ALL+=("$VM")
	guest_run $VM 5 'iperf3 -s >/dev/null 2>&1 &'
	within 10 "iperf3 listens in $VM" pod_listens $VM 5201
	check "$VM has $(pod_ip $VM) and the overlay's MTU by DHCP" vm_configured
}

vm_configured() {
	guest_run $VM 5 'ip addr show eth0' >"$LAB_DIR/$VM/addr"
	grep -q "inet $(pod_ip $VM)/" "$LAB_DIR/$VM/addr" &&
		grep -q " mtu $(env_value "${OVNET[0]}" MTU) " "$LAB_DIR/$VM/addr"
}

# Leases and neighbours have to arrive everywhere before anything is measured.
warm_up() {
	local from to
	for from in "${ALL[@]}"; do
		for to in "${ALL[@]}"; do
			[ "$from" = "$to" ] || retry 5 ping_once "$from" "$to" || true
		done
	done
}

pairs() {
	local from to
	step "every pair of pods: ping, a TCP transfer with its contents checked, one second of iperf3"
	pairs_header
	for from in "${ALL[@]}"; do
		for to in "${ALL[@]}"; do
			[ "$from" = "$to" ] || pair_measure "$from" "$to" || ALL_OK=false
		done
	done
	say "(TTL $(pair_ttl linux1 linux2): two hosts forwarded the packet$(
		[ "$LAB_BACKEND" != udp ] || echo ", and both ends of the tunnel as flannel's do"
	). linux to linux is the reference.)"
	[ -z "$LAB_DUAL" ] || pairs6
	step "the lease tree in etcd, API $LAB_ETCD_API$(! over_tls || echo ", over TLS")"
	etcd_tree
}

pairs6() {
	local from to
	step "the same pairs over IPv6: ping and a TCP transfer with its contents checked"
	for from in "${ALL[@]}"; do
		for to in "${ALL[@]}"; do
			[ "$from" = "$to" ] || check "$from $(pod_ip6 "$from") and $to $(pod_ip6 "$to")" \
				pair6 "$from" "$to"
		done
	done
}

pair6() {
	retry 5 size_passes "$1" "$2" 6 100 && [ "$(ttl_seen "$1" "$2" 6)" = "5 62" ] &&
		pair_copy "$1" "$2" 6
}

# first_reply LOG AFTER_US: microseconds of the first answer after that time, if there is one.
first_reply() {
	awk -v after="$2" -F'[][]' '/bytes from/ {
		split($2, t, ".")
		us = t[1] t[2]
		if (us + 0 > after + 0) { print us; found = 1; exit }
	} END { exit !found }' "$1"
}

# answered LOG AFTER_US
answered() {
	first_reply "$1" "$2" >/dev/null
}

# More to run over the last minute than twice what there are CPUs.
machine_busy() {
	awk -v cpus="$(nproc)" '{ exit !($1 > 2 * cpus) }' /proc/loadavg
}

restart() {
	local victim=ovnet1 probes=(linux1) p log killed started us back=0 limit=1000000 subnet
	[ "$HOSTS" -lt 2 ] || probes+=(ovnet2)
	step "kill -9 of ovnetd on $victim, pings every 20 ms from ${probes[*]}"
	subnet=$(subnet $victim)
	for p in "${probes[@]}"; do
		spawn "$LAB_DIR/$p/restart.log" ip netns exec "$LAB-$p-pod" \
			ping -n -D -i 0.02 "$(pod_ip $victim)"
		retry 5 answered "$LAB_DIR/$p/restart.log" 0 || true
	done
	killed=$(now_us)
	ovnetd_kill9 $victim
	started=$(now_us)
	ovnetd_start $victim
	for p in "${probes[@]}"; do
		log=$LAB_DIR/$p/restart.log
		check "traffic from $p is back" retry 15 answered "$log" "$started"
		us=$(first_reply "$log" "$started") || return 0
		[ "$us" -lt "$back" ] || back=$us
	done
	RESTART_S=$(seconds_since "$started" "$back")
	RESTART_KILL_S=$(seconds_since "$killed" "$back")
	# The promise of one second is for hugepages, mapping 4K pages takes longer, and for a machine
	# that has a CPU for the new daemon.
	[ $HUGE = true ] && ! machine_busy || limit=5000000
	check "traffic is back $RESTART_S s after the new start ($RESTART_KILL_S s after the kill)" \
		test $((back - started)) -le $limit
	[ -z "$VM" ] || check "$VM and ${ALL[1]} reach each other" both_ways $VM "${ALL[1]}"
	check "the subnet is the same, $subnet" test "$(subnet $victim)" = "$subnet"
	ovnetd_wait $victim 30
}

etcd_away() {
	local from=${ALL[0]} to=${ALL[1]} got ping
	step "etcd is stopped while $from sends $to 300 pings, one every 10 ms"
	in_pod "$from" ping -n -c 300 -i 0.01 -W 1 "$(pod_ip "$to")" >"$LAB_DIR/away.log" &
	ping=$!
	etcd_stop
	check "etcd is really away" gone_or_zombie "$ETCD_PID"
	wait $ping || true
	got=$(awk '/ received/ { print $4 }' "$LAB_DIR/away.log")
	LOST=$((300 - ${got:-0}))
	check "$LOST of 300 packets lost without etcd" test $LOST = 0
}

# A new host joins after etcd came back: everybody has reconnected.
late_host() {
	local h
	step "etcd is started again and a new host joins"
	etcd_start
	if [ "$HOSTS" = 0 ]; then
		LATE=linux3
		linux_host $LATE
	else
		LATE=ovnet$((HOSTS + 1))
		ovnet_host $LATE
	fi
	for h in "${ALL[@]}"; do
		check "$LATE and $h reach each other" both_ways $LATE "$h"
	done
}

both_ways() {
	retry 15 ping_once "$1" "$2" && retry 5 ping_once "$2" "$1"
}

write_json() {
	local h hosts
	hosts=$(for h in "${ALL[@]}"; do
		jq -nc --arg n "$h" '{name: $n, kind: ($n | sub("[0-9]+$"; ""))}'
	done | jq -sc .)
	RESULT=$(jq -s --argjson hosts "$hosts" --argjson restart "$RESTART_S" \
		--argjson kill "$RESTART_KILL_S" --argjson lost $LOST '{ok: false, hosts: $hosts,
		pairs: ., restart_s: $restart, restart_since_kill_s: $kill,
		etcd_away_lost: $lost}' "$LAB_DIR/pairs.json")
}

tree_command() {
	if over_v2; then
		echo "ip netns exec $LAB-fabric curl ${CURL_TLS[*]} $ETCD_URL/v2/keys$PREFIX?recursive=true"
	else
		echo "ip netns exec $LAB-fabric ${ETCDCTL[*]} get --prefix $PREFIX"
	fi
}

keep() {
	local a=${ALL[0]}
	# The watcher outlives this script and holds the hugepages in its place.
	[ $HUGE = false ] || echo "$(<"$LAB_DIR/watch.pid") 0" >"$HUGE_DIR/holder.$LAB"
	trap - EXIT
	cat <<-END

		$LAB is left up. Look around:
		  ip netns list | grep $LAB                            hosts NAME, their pods NAME-pod
		  ip netns exec $LAB-$a-pod ping $(pod_ip "${ALL[1]}")
		  ip netns exec $LAB-linux1 ip route
		  $(tree_command)
		$([ "$HOSTS" = 0 ] || echo "  $OVNETCTL --socket $LAB_DIR/ovnet1/ctl.sock status")
		$([ -z "$VM" ] || echo "  test/smoke/lib/guest_ask.py $LAB_DIR/$VM/serial 5 'ip addr'   in the virtual machine")
		  ls $LAB_DIR/$a                           subnet.env, log, control socket
		Stop it:
		  scripts/demo.sh --stop $LAB
	END
}

# After clean-up, whatever the way here: the verdict, complete only now.
lab_after() {
	local rc=$1
	leftovers_check "$BEFORE" || rc=1
	verdict "$rc"
	return "$rc"
}

# verdict STATUS: the JSON, also of a demo that did not come far, and the last line.
verdict() {
	local ok=false
	[ "$1" != 0 ] || ok=true
	[ -z "$JSON" ] || jq --argjson ok $ok '.ok = $ok' <<<"$RESULT" >"$JSON"
	if [ "$1" = 0 ]; then
		step "${GREEN}all checks held${PLAIN}"
	elif [ "$1" -ge 128 ]; then
		step "interrupted"
	else
		step "${RED}the demo FAILED${PLAIN}"
	fi
}

parse "$@"
[ -z "$DOCKER" ] || . "$OVNET_ROOT/test/smoke/lib/docker_demo.sh"
[ -z "$SWAP" ] || . "$OVNET_ROOT/test/smoke/lib/swap_demo.sh"
prepare
if [ -n "$DOCKER$SWAP" ]; then
	if [ -n "$DOCKER" ]; then docker_story; else swap_story; fi
	[ $ALL_OK = true ] || exit 1
	exit
fi
hosts_up
warm_up
pairs
[ "$HOSTS" = 0 ] || restart
etcd_away
late_host
write_json
[ $ALL_OK = true ] || exit 1
if [ -n "$KEEP" ]; then
	keep
	verdict 0
fi
