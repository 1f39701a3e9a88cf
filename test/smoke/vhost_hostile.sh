#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A guest that tells every lie of test/bed/vhost_lies*.c, in its rings and to the socket, as fast as it
# can connect, beside one that answers pings: not one of those is lost, the daemon goes on, and what the
# liar sent is counted.
# runs: asan
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/spoof.sh"
. "$OVNET_ROOT/test/smoke/lib/lies.sh"
. "$OVNET_ROOT/test/smoke/lib/vhost.sh"

GUEST=([good]=130 [liar]=131)

rounds() {
	tail -n 1 "$LAB_DIR/liar.log" | json .rounds
}

told_all() {
	[ "$(rounds)" -ge 2 ]
}

lab_up
linux_host b
host_add a ovnet
guests_start --log-level=info
testpmd_guest good icmpecho
within 20 "the pod of b reaches the guest" ping_once b good
pid=$(ovnetd_pid a)
fds=$(find "/proc/$pid/fd" -mindepth 1 | wc -l)

honest_start b good
spawn "$LAB_DIR/liar.log" "$OVNET_BUILD/test/smoke/tools/vhost_guest" liar "$(guest_socket liar)" client
liar=$SPAWNED
within 60 "the liar told all lies twice" told_all
honest_end
kill -TERM "$liar"
wait "$liar" || true
say "told and failed: $(tail -n 1 "$LAB_DIR/liar.log")"
equal "lies that could not be told" 0 "$(tail -n 1 "$LAB_DIR/liar.log" | json .failed)"

within 5 "the liar's port is down" link_is liar false
equal "ovnetd" "$pid" "$(ovnetd_pid a)"
equal "file descriptors of ovnetd" "$fds" "$(find "/proc/$pid/fd" -mindepth 1 | wc -l)"
say "refused: $(all_drops)"
expect "what the liar sent is refused by reason" dropped a foreign-source 1
expect "half a thousand messages do not fill the log" \
	[ "$(grep -c "'liar'" "$LAB_DIR/a/log")" -lt 300 ]
equal "free buffers" true "$(ctl a status | jq '.dpdk.mbufs_free >= 8192 - 512')"

# An honest guest in the liar's place is served.
testpmd_guest liar icmpecho
within 20 "the pod of b reaches who came in the liar's place" ping_once b liar
read -r got _ < <(ping_figures 10 0.02 in_pod b ping "$(pod_ip good)")
equal "answers of the guest to 10 pings" 10 "$got"
ovnetd_stop a
