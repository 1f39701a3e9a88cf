# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Open vSwitch with DPDK: an instance of its own for each ID, apart from whatever this machine runs: own
# database, sockets, network namespace. An ID says what it looks flows up by:
#
#   ovs-emc     the exact match cache, as preset
#   ovs-smc     the signature match cache, without the former
#   ovs-avx512  AVX-512 wherever it has it: parser, classifier, datapath
#
#   in ─ [br-int] ─ vx ··· VXLAN ··· LOCAL ─ [br-phy] ─ out       encap
#
# It does less than ovnet: it takes no hop off the TTL, and asks of nobody that an inner source address
# be its sender's.

OVS_VSWITCHD=${OVS_VSWITCHD:-/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk}
OVS_SCHEMA=/usr/share/openvswitch/vswitch.ovsschema
OVS_MB=192
OVS_QUEUES=2 # its main thread has the first one to send by
declare -gA OVS_PIDS=() # of each ID: ovsdb-server, ovs-vswitchd

ovs_available() {
	local program
	for program in "$OVS_VSWITCHD" ovsdb-server ovsdb-tool ovs-vsctl ovs-ofctl ovs-appctl; do
		WHY="no $program: scripts/install-deps.sh installs it"
		command -v "$program" >/dev/null || return 1
	done
}

# Debian 12's build has no AVX-512.
ovs_ids() {
	echo ovs-emc
	echo ovs-smc
	if ! grep -qw avx512f /proc/cpuinfo; then
		say "$BENCH: ovs without AVX-512: this CPU has none"
	elif ! grep -q dpif_avx512 "$OVS_VSWITCHD"; then
		say "$BENCH: ovs without AVX-512: $OVS_VSWITCHD is built without"
	else
		echo ovs-avx512
	fi
}

# ovs_ctl ID COMMAND [ARG...]: of the running daemon.
ovs_ctl() {
	ovs-appctl -T 10 -t "$LAB_DIR/$1/ctl.sock" "${@:2}"
}

# ovs_set ID ARG...: ovs-vsctl, which waits until it is so.
ovs_set() {
	ovs-vsctl -t 20 "--db=unix:$LAB_DIR/$1/db.sock" "${@:2}"
}

# cpu_mask CPU: in hex, of any length.
cpu_mask() {
	printf '0x%x%s' $((1 << $1 % 4)) "$(printf "%$(($1 / 4))s" '' | tr ' ' 0)"
}

ovs_database() {
	local dir=$LAB_DIR/$1
	rm -f "$dir"/conf.db "$dir"/.conf.db*
	ovsdb-tool create "$dir/conf.db" "$OVS_SCHEMA"
	spawn "$dir/db.log" env "OVS_RUNDIR=$dir" taskset -c "$OTHER_CPU" ovsdb-server "$dir/conf.db" \
		"--remote=punix:$dir/db.sock" "--unixctl=$dir/db.ctl" -vsyslog:off
	OVS_PIDS[$1]=$SPAWNED
	within 10 "ovsdb-server listens" test -S "$dir/db.sock"
}

# ovs_memory: as eal_memory; it adds --in-memory where nobody says --legacy-mem.
ovs_memory() {
	eal_memory $OVS_MB
	[ -n "$HUGE" ] || echo --legacy-mem
}

# ovs_daemon ID: its flows stay however long it stands still.
ovs_daemon() {
	local dir=$LAB_DIR/$1 other=other_config memory
	memory=$(ovs_memory | paste -sd ' ')
	ovs_set "$1" --no-wait init -- set Open_vSwitch . $other:dpdk-init=true $other:max-idle=3600000 \
		"$other:dpdk-extra=$memory --no-pci --no-telemetry --file-prefix=$LAB-$1" \
		"$other:dpdk-lcore-mask=$(cpu_mask "$OTHER_CPU")" $other:per-port-memory=true \
		"$other:pmd-cpu-mask=$(cpu_mask "$WORKER_CPU")"
	spawn "$dir/log" ip netns exec "$LAB-$1" env "OVS_RUNDIR=$dir" taskset -c "$OTHER_CPU" \
		"$OVS_VSWITCHD" "unix:$dir/db.sock" "--unixctl=$dir/ctl.sock" -vsyslog:off -vconsole:info
	OVS_PIDS[$1]+=" $SPAWNED"
	within 20 "ovs-vswitchd ($dir/log) answers" ovs_ctl "$1" version
}

# ovs_bridges ID UPLINK_MAC: with a route to all peers by a neighbour who is known.
ovs_bridges() {
	local ns=$LAB-$1
	ovs_set "$1" \
		add-br br-phy -- set bridge br-phy datapath_type=netdev fail_mode=secure \
		"other_config:hwaddr=\"$2\"" \
		-- add-br br-int -- set bridge br-int datapath_type=netdev fail_mode=secure \
		-- add-port br-int vx -- set interface vx type=vxlan ofport_request=2 options:key=flow \
		options:remote_ip=flow options:dst_port=8472
	ip -n "$ns" addr add 172.31.0.1/24 dev br-phy
	ip -n "$ns" link set br-phy up
	ovs_ctl "$1" ovs/route/add 172.16.0.0/16 br-phy 172.31.0.254 >/dev/null
	ovs_ctl "$1" tnl/neigh/set br-phy 172.31.0.254 06:00:00:00:00:fe >/dev/null
}

# ovs_flows ID: before there is a port anything comes by.
ovs_flows() {
	local dir=$LAB_DIR/$1
	"$PEERS_DIR/ovs_flows.py" "$LAB_DIR/leases.json" >"$dir/flows"
	ovs-ofctl -t 20 add-flows "unix:$dir/br-int.mgmt" "$dir/flows"
	printf '%s\n' in_port=LOCAL,actions=output:1 in_port=1,actions=output:LOCAL |
		ovs-ofctl -t 20 add-flows "unix:$dir/br-phy.mgmt" -
}

# ovs_port ID BRIDGE NAME DEVARGS|vhost:SOCKET
ovs_port() {
	local error how=(type=dpdk "options:dpdk-devargs=\"$4\"" options:n_rxq_desc=1024 options:n_txq_desc=1024)
	case $4 in
	vhost:*) how=(type=dpdkvhostuserclient "options:vhost-server-path=\"${4#vhost:}\"") ;;
	net_memif*) how+=("options:n_rxq=$OVS_QUEUES") ;;
	esac
	ovs_set "$1" add-port "$2" "$3" -- set interface "$3" ofport_request=1 "${how[@]}"
	error=$(ovs_set "$1" get interface "$3" error)
	[ "$error" = '[]' ] || fail "ovs does not open $4: $error"
}

# ovs_first_queues ID: it looks at no others, as nobody else has more.
ovs_first_queues() {
	ovs_set "$1" -- set interface in "other_config:pmd-rxq-affinity=\"0:$WORKER_CPU\"" \
		-- set interface out "other_config:pmd-rxq-affinity=\"0:$WORKER_CPU\""
}

# ovs_lookup ID
ovs_lookup() {
	case $1 in
	ovs-smc)
		ovs_set "$1" set Open_vSwitch . other_config:smc-enable=true \
			other_config:emc-insert-inv-prob=0
		;;
	ovs-avx512)
		ovs_ctl "$1" dpif-netdev/dpif-impl-set dpif_avx512
		ovs_ctl "$1" dpif-netdev/subtable-lookup-prio-set avx512_gather 5
		ovs_ctl "$1" dpif-netdev/miniflow-parser-set study
		;;
	esac >/dev/null
}

# ovs_start ID PATH PEERS IN OUT
ovs_start() {
	local dir=$LAB_DIR/$1 in=br-int out=br-phy mac=$OUT_MAC
	[ "$2" != decap ] || in=br-phy out=br-int
	[ "$2" = encap ] || mac=$IN_MAC
	rm -rf "$dir"
	mkdir "$dir"
	ns_add "$1"
	on "$1" sysctl -qw net.ipv6.conf.default.disable_ipv6=1 # br-phy has nothing to say of its own
	ovs_database "$1"
	ovs_daemon "$1"
	ovs_bridges "$1" "$mac"
	ovs_flows "$1"
	ovs_port "$1" $out out "$5"
	ovs_port "$1" $in in "$4"
	[ "$2" != pvp ] || ovs_first_queues "$1"
	ovs_lookup "$1"
	MEMBERS[$1]+=" ${OVS_PIDS[$1]}"
}

# ovs_counted ID [SECONDS]: with SECONDS, before and after them.
ovs_counted() {
	# shellcheck disable=SC2086
	"$PEERS_DIR/ovs_counted.py" "$LAB_DIR/$1/ctl.sock" \
		"$([ "${PEER_PATH[$1]}" != pvp ] || echo in,)out" ${2:-}
}

ovs_window() {
	ovs_counted "$@"
}

ovs_linked() {
	[ "$(ovs_set "$1" get interface in link_state)$(ovs_set "$1" get interface out link_state)" = upup ]
}

# Any will do.
ovs_gate_mac() {
	echo "$IN_MAC"
}

# ovs_lengths ID: of ports that count bytes.
ovs_lengths() {
	ovs_ctl "$1" dpctl/show -s | awk '
		$1 == "port" { side = $3 == "in" ? "guest" : $3 == "out" ? "uplink" : "" }
		/TX packets:/ { split($2, p, ":") }
		/TX bytes:/ && side && match($0, /TX bytes:[0-9]+/) {
			bytes = substr($0, RSTART + 9, RLENGTH - 9)
			if (p[2] > 0 && bytes + 0 > 0) print side, bytes / p[2]
		}'
}

ovs_dropped() {
	ovs_ctl "$1" coverage/show | grep -E '^(drop|datapath_drop)' || true
}

ovs_halt() {
	:
}

ovs_stop() {
	local pid
	ovs_ctl "$1" exit >/dev/null
	for pid in ${OVS_PIDS[$1]#* }; do
		retry 10 gone_or_zombie "$pid" || fail "ovs-vswitchd ($1) does not end"
		wait "$pid" || fail "ovs-vswitchd ($1) ended with status $?: $(tail -n 3 "$LAB_DIR/$1/log")"
	done
	end_process "${OVS_PIDS[$1]%% *}" 10 || true
	ip netns del "$LAB-$1"
}
