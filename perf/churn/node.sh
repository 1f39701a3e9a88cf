# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A node between two memif rings, and its etcd; who does what on which CPU.

export LAB_IFACE=''
# The underlay's addresses have to lie outside the overlay, which is all of 10/8 here.
ETCD_URL=http://192.168.100.1:2379
ETCD_DATA=/dev/shm/$LAB.etcd # memory: the disk is not what is measured
MBUFS=65536                  # two rings both ways, sixteen ports that come and go
RING=12                      # 2^RING frames wait in one

lab_after() {
	rm -rf "$ETCD_DATA"
	return "$1"
}

# What an engineer would ask for first.
lab_dump() {
	local what
	for what in status ports queues drops workers; do
		timeout 3 "$OVNETCTL" --socket "$LAB_DIR/node/ctl.sock" $what | head -n 20
	done
	tail -n 20 "$LAB_DIR"/*.log "$LAB_DIR/node/log"
}

# role_cpus: nobody but the worker runs on its CPU, this shell and all it starts included. A generator
# with a CPU of its own polls. On two CPUs it shares one with all that is not the worker: it runs before
# them, but rests between rounds.
role_cpus() {
	local cpus
	choose_cpus
	mapfile -t cpus < <(python3 -c \
		'import os; print(*sorted(os.sched_getaffinity(0)), sep="\n")')
	GENERATOR_CPU=$OTHER_CPU NAP_US=100 SHARE=0.4 FIRST=(chrt -f -p 40)
	if [ ${#cpus[@]} -gt 2 ]; then
		GENERATOR_CPU=${cpus[1]} NAP_US=0 SHARE=1 FIRST=(renice -n -20 -p)
	fi
	ALL_CPUS=$(IFS=, && echo "${cpus[*]}")
	taskset -pc "$OTHER_CPU" $$ >/dev/null
}

network() {
	ns_add etcd
	ns_add node
	cable node eth0 etcd eth0
	ip -n "$LAB-etcd" addr add 192.168.100.1/24 dev eth0
	ip -n "$LAB-node" addr add 192.168.100.2/24 dev eth0
	on node sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	mkdir "$LAB_DIR/node"
}

# memif ROLE SOCKET OPTION: a ring between two processes.
memif() {
	echo "role=$1,socket-abstract=no,socket=$LAB_DIR/$2,rsize=$RING,$3"
}

node_conf() {
	cat <<-END
		dpdk = { worker-cpus = "$WORKER_CPU"; mode = "poll";
		         hugepages = "$([ -z "$HUGE" ] && echo off || echo on)"; };
		uplinks = ( { devargs = "net_memif_out,$(memif server out.sock mac=02:00:00:00:00:02)";
		              address = "172.31.0.1/24"; gateway = "172.31.0.254";
		              neighbours = ( { ip = "172.31.0.254"; mac = "06:00:00:00:00:fe"; } ); } );
		ports = ( { name = "gen"; driver = "dpdk"; addresses = "10.255.0.0/25"; mac = "02:00:00:00:00:01";
		            devargs = "net_memif_in,$(memif server in.sock mac=02:70:63:61:70:00)"; } );
	END
}

node_settled() {
	[ "$(ctl node peers | jq '[.[] | select(.state == "ok")] | length')" = "$1" ]
}

# node_start PEERS: the subnet the frames are from is the one it had in a former life.
node_start() {
	node_conf >"$LAB_DIR/node/ovnet.conf"
	printf 'FLANNEL_NETWORK=10.0.0.0/8\nFLANNEL_SUBNET=10.255.0.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n' \
		>"$LAB_DIR/node/subnet.env"
	taskset -pc "$ALL_CPUS" $$ >/dev/null
	OVNETD=$OVNET_BUILD/perf/churn_node ovnetd_start node --config "$LAB_DIR/node/ovnet.conf" \
		"--dpdk-mbufs=$MBUFS" --log-level=warn
	ovnetd_wait node 30
	taskset -pc "$OTHER_CPU" $$ >/dev/null
	within 60 "$1 peers are reached" node_settled "$1"
	worker_alone
}

# The worker's CPU is its own, as far as that can be had without isolating it at boot.
worker_alone() {
	local task
	WORKER=''
	for task in "/proc/$(ovnetd_pid node)"/task/*; do
		if [[ $(<"$task/comm") == *worker* ]]; then
			WORKER=${task##*/}
		elif taskset -pc "${task##*/}" | grep -qE "[: ,]$WORKER_CPU(,|\$)"; then
			fail "thread $(<"$task/comm") of ovnetd may run on the worker's CPU $WORKER_CPU"
		fi
	done
	renice -n -20 -p "$WORKER" >/dev/null
	# Where sessions share evenly, nice counts within one alone.
	[ ! -w "/proc/$WORKER/autogroup" ] || echo -20 >"/proc/$WORKER/autogroup"
	spawn "$LAB_DIR/witness.log" "$OVNET_BUILD/perf/churn_witness" "$WORKER_CPU" "$WORKER"
}

# generator_start: its commands and answers go by FIFOs, which stay open here.
generator_start() {
	local ports=() n=0 socket memory=(--memory 128)
	for socket in in.sock out.sock; do
		ports+=("net_memif$n,$(memif client $socket "zero-copy=$([ -n "$HUGE" ] && echo yes || echo no)")")
		n=$((n + 1))
	done
	[ -n "$HUGE" ] || memory+=(--no-huge)
	mkfifo "$LAB_DIR/commands" "$LAB_DIR/answers"
	exec {COMMANDS}<>"$LAB_DIR/commands" {ANSWERS}<>"$LAB_DIR/answers"
	# shellcheck disable=SC2016
	spawn "$LAB_DIR/load.log" taskset -c "$GENERATOR_CPU" bash -c 'exec "${@:3}" <"$1" >"$2"' - "$LAB_DIR/commands" \
		"$LAB_DIR/answers" "$OVNET_BUILD/perf/load/load" --tx "${ports[0]}" --rx "${ports[1]}" \
		--frames "$LAB_DIR/frames.pcap" --cpu "$GENERATOR_CPU" --nap "$NAP_US" --drain 20 \
		--prefix "$LAB-load" "${memory[@]}"
	GENERATOR=$SPAWNED
	read -r -t 15 _ <&"$ANSWERS" || fail "the generator does not start: $(tail -n 3 "$LAB_DIR/load.log")"
	# Not before: while it starts it waits for other threads of its own, and spins.
	"${FIRST[@]}" "$GENERATOR" >/dev/null
	# A CPU that halts takes its time to be back, which on a virtual machine may be milliseconds.
	spawn /dev/null taskset -c "$GENERATOR_CPU" chrt -i 0 bash -c 'while :; do :; done'
}

generator_stop() {
	echo quit >&"$COMMANDS"
	retry 10 gone_or_zombie "$GENERATOR" || fail "the generator does not quit"
}
