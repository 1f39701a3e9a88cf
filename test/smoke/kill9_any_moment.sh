#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Killed with -9 ten times, at any moment of its start too, then started: the same subnet, and
# nothing left of the dead but what the living one uses. A watching ovnetctl lives through it.
export LAB_DRIVER=af_xdp # whose program has to go and come with the daemon
. "$(dirname "$0")/lib.sh"

runtime_dirs() {
	find "$LAB_DIR/a" -path '*/dpdk/*' | wc -l
}

watched() {
	grep -c '"pid": '"$(ovnetd_pid a)" "$LAB_DIR/watch.out"
}

lab_up
ovnet_host a
linux_host b
reach a b
before="$(subnet a) $(lease_value "$(subnet a)")"
spawn "$LAB_DIR/watch.out" "$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" --json --watch 1 status
within 5 "ovnetctl watches" watched
for moment in 0.01 0.05 0.1 0.15 0.2 0.3 0.4 0.5 0.7 0.9; do
	ovnetd_kill9 a
	ovnetd_start a
	sleep $moment
done
ovnetd_kill9 a
ovnetd_start a
ovnetd_wait a
reach a b
equal "subnet and lease value" "$before" "$(subnet a) $(lease_value "$(subnet a)")"
equal "directories of EAL's" 1 "$(runtime_dirs)"
equal "XDP programs" 1 "$(on a ip -d link show eth0 | grep -c 'name ovnet_xdp')"
within 5 "ovnetctl watches the new one" watched
ovnetd_stop a
equal "files left" "ctl.sock.lock ip kind log snapshot subnet.env" "$(cd "$LAB_DIR/a" && echo *)"
