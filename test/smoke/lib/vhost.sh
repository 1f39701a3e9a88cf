# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Guests of host a behind vhost-user sockets that ovnetd makes: testpmd by virtio-user, which answers
# pings and sends without end, and those of test/smoke/tools/vhost_guest.c. To the rest of the
# library they are pods: pod_ip x. Sourced behind lib.sh and spoof.sh.

GUEST_NET=10.5.201
declare -A GUEST=() # their addresses' last part
declare -A TESTPMD=() # pid of each

pod_ip() {
	if [ -n "${GUEST[$1]:-}" ]; then
		echo "$GUEST_NET.${GUEST[$1]}"
	else
		address_plus "$(base "$1")" 2
	fi
}

guest_mac() {
	printf '02:00:00:00:01:%02x\n' "${GUEST[$1]}"
}

guest_socket() {
	echo "$LAB_DIR/a/$1.sock"
}

# guests_start [FLAG...]: ovnetd on a with a port for each, in the subnet an earlier life had.
guests_start() {
	local g ports=()
	for g in "${!GUEST[@]}"; do
		ports+=("--port=name=$g,driver=vhost,path=$(guest_socket "$g"),server=true,mac=$(guest_mac "$g"),addresses=$(pod_ip "$g")")
	done
	printf 'FLANNEL_%s\n' NETWORK=10.5.0.0/16 SUBNET=$GUEST_NET.1/24 MTU=1450 \
		>"$LAB_DIR/a/subnet.env"
	ovnetd_start a "${ports[@]}" "$@"
	ovnetd_wait a
	equal "subnet of a" $GUEST_NET.0/24 "$(subnet a)"
}

# testpmd_guest NAME MODE [OPTION...]: until its port is up. MODE: icmpecho, txonly, ...
testpmd_guest() {
	local name=$1 mode=$2 fifo=$LAB_DIR/$1.fifo log=$LAB_DIR/$1.log
	shift 2
	rm -f "$fifo"
	mkfifo "$fifo"
	# shellcheck disable=SC2016 # it never sees the end of what it reads
	spawn "$log" bash -c 'exec "$@" <>"$0"' "$fifo" stdbuf -oL dpdk-testpmd --no-huge \
		--no-shconf --no-pci --no-telemetry -m 256 --log-level=error \
		"--file-prefix=$LAB-$name" --lcores 0@0,1@1 \
		"--vdev=net_virtio_user0,path=$(guest_socket "$name"),mac=$(guest_mac "$name"),queues=1" \
		-- --nb-cores=1 --forward-mode="$mode" --disable-link-check --auto-start \
		--total-num-mbufs=4096 -i "$@"
	TESTPMD[$name]=$SPAWNED
}

testpmd_kill9() {
	kill -KILL "${TESTPMD[$1]}"
	wait "${TESTPMD[$1]}" 2>/dev/null || true
}

# port_of NAME FILTER: of host a.
port_of() {
	ctl a ports | json ".[] | select(.name == \"$1\") | $2"
}

link_is() {
	[ "$(port_of "$1" .link)" = "$2" ]
}
