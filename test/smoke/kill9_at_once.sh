#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A new ovnetd that finds the former one still dying waits for what that holds: the control socket,
# the XDP program and the host device, the UDP port. It says so, and takes over.
export LAB_DRIVER=af_xdp # whose program has to go and come with the daemon
. "$(dirname "$0")/lib.sh"

# One that stands still holds all it has, and answers nobody, until it is killed.
start_while_dying() {
	local old
	old=$(ovnetd_pid a)
	kill -STOP "$old"
	: >"$LAB_DIR/a/log"
	ovnetd_start a "${@:2}"
	within 5 "it says that it waits for $1" logged a "waiting for $1"
	kill -KILL "$old"
	wait "$old" 2>/dev/null || true
	ovnetd_wait a
	expect "no complaint of a second ovnetd" not_logged "another ovnetd"
	reach a b
}
not_logged() {
	! logged a "$1"
}
# It is bound anew as soon as the kernel has it back.
hold_udp_port() {
	spawn "$LAB_DIR/holder.log" ip netns exec "$LAB-a" python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 8472))
print("held", flush=True)
time.sleep(60)'
	HOLDER=$SPAWNED
	within 5 "the port is held" grep -q held "$LAB_DIR/holder.log"
}
lab_up
ovnet_host a
linux_host b
reach a b
start_while_dying "$LAB_DIR/a/ctl.sock"
mv "$LAB_DIR/a/ctl.sock" "$LAB_DIR/a/ctl.old"
rm "$LAB_DIR/a/ctl.sock.lock"
start_while_dying "the XDP program on eth0"

ovnetd_stop a
hold_udp_port
: >"$LAB_DIR/a/log"
ovnetd_start a
within 5 "it says that it waits for the port" logged a "waiting for UDP port 8472"
kill -KILL "$HOLDER"
ovnetd_wait a
reach a b

# Not for ever.
ovnetd_stop a
hold_udp_port
started=$(now_us)
ovnetd_refuses a "UDP port 8472 is taken"
took=$(seconds_since "$started")
expect "two seconds of patience, not $took s" [ "${took/./}" -ge 200 ]
kill -KILL "$HOLDER"
