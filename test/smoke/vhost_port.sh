#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Guests of DPDK's virtio_user behind vhost ports: one whose socket is its own, one that comes to ours.
# They are reached by pods and reach each other; one dies and comes back, ovnetd restarts under both.
# runs: asan
. "$(dirname "$0")/lib.sh"

declare -A GUEST_FD=() GUEST_PID=()
NET=10.5.201
declare -A PART=([own]=130 [ours]=131) # the last part of their addresses

pod_ip() {
	if [ -n "${PART[$1]:-}" ]; then
		echo "$NET.${PART[$1]}"
	else
		address_plus "$(base "$1")" 2
	fi
}

guest_mac() {
	printf '02:00:00:00:01:%02x\n' "${PART[$1]}"
}

port() {
	ctl a ports | json ".[] | select(.name == \"$1\") | $2"
}

is_linked() {
	[ "$(port "$1" .link)" = "$2" ]
}

# guest_start NAME: answers ARP and ping. Those with a socket of their own wait for ovnetd there.
guest_start() {
	local fifo=$LAB_DIR/$1.fifo log=$LAB_DIR/$1.log vdev fd
	vdev=net_virtio_user0,path=$LAB_DIR/a/$1.sock,queues=1,mac=$(guest_mac "$1")
	[ "$1" = ours ] || vdev=$vdev,server=1
	rm -f "$fifo" "$LAB_DIR/a/own.sock"
	mkfifo "$fifo"
	exec {fd}<>"$fifo"
	# shellcheck disable=SC2016
	spawn "$log" bash -c 'exec "$@" <"$0"' "$fifo" dpdk-testpmd --no-huge --no-shconf -m 128 \
		--no-pci --no-telemetry --log-level=error "--file-prefix=$LAB-$1" --vdev="$vdev" \
		-l 0,1 -- -i --auto-start --forward-mode=icmpecho --total-num-mbufs=4096 \
		"--tx-ip=$(pod_ip "$1"),$(pod_ip own)" "--eth-peer=0,$(port "$1" .mac)"
	GUEST_FD[$1]=$fd GUEST_PID[$1]=$SPAWNED
}

# guest_does NAME MODE: icmpecho, or txonly, which sends to the other one.
guest_does() {
	printf '%s\n' stop "set fwd $2" start >&"${GUEST_FD[$1]}"
}

guest_kill() {
	kill -KILL "${GUEST_PID[$1]}"
	wait "${GUEST_PID[$1]}" 2>/dev/null || true
}

pings() {
	in_pod "$1" ping -q -c 1 -W 1 "$(pod_ip "$2")" >/dev/null
}

all_reached() {
	local guest
	for guest in "${!PART[@]}"; do
		within 20 "guest $guest is there" is_linked "$guest" true
		within 20 "pod b reaches guest $guest" pings b "$guest"
	done
}

command -v dpdk-testpmd >/dev/null || skip "no dpdk-testpmd: scripts/install-deps.sh installs it"
lab_up
linux_host b
host_add a ovnet
printf 'FLANNEL_%s\n' NETWORK=10.5.0.0/16 SUBNET=$NET.1/24 MTU=1450 >"$LAB_DIR/a/subnet.env"
cat >"$LAB_DIR/a/ovnet.conf" <<-END
	ports = ( { name = "own"; driver = "vhost"; path = "$LAB_DIR/a/own.sock";
	            mac = "$(guest_mac own)"; addresses = "$(pod_ip own)"; },
	          { name = "ours"; driver = "vhost"; path = "$LAB_DIR/a/ours.sock"; server = true;
	            socket-mode = "0660"; socket-owner = ":$(id -g nobody)";
	            mac = "$(guest_mac ours)"; addresses = "$(pod_ip ours)"; } );
END
ovnetd_start a --config "$LAB_DIR/a/ovnet.conf"
ovnetd_wait a
equal "a port without its guest" false "$(port own '.link | tostring')"
equal "mode and group of our socket" "660 $(id -g nobody)" "$(stat -c '%a %g' "$LAB_DIR/a/ours.sock")"
guest_start own
guest_start ours
all_reached

before=$(port own .tx_packets)
guest_does ours txonly
within 10 "what one guest sends gets to the other" eval '[ "$(port own .tx_packets)" -gt $((before + 1000)) ]'
guest_does ours icmpecho

guest_kill own
within 10 "own is missed" is_linked own false
guest_start own
all_reached
pid=$(ovnetd_pid a)
kill -KILL "$pid"
ovnetd_start a --config "$LAB_DIR/a/ovnet.conf"
ovnetd_wait a
guest_kill ours
guest_start ours
all_reached
ovnetd_stop a
