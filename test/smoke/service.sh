#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A daemon as an operator keeps it: etcd's password changes under it and a reload takes that up, a
# broken file changes nothing, and not a packet is lost meanwhile. systemd is pinged while workers
# forward, though the control loop stands still, and no more once they do not. A support bundle has no
# secret in it.
# runs: asan
. "$(dirname "$0")/lib.sh"

SECRET=planted-5ecret
PERIOD_MS=1000

# conf PASSWORD [MORE]: the file of a.
conf() {
	cat >"$LAB_DIR/a/ovnet.conf" <<-END
		etcd = { endpoints = "$ETCD_URL"; username = "flannel"; password = "$1"; };
		$2
	END
}
passwd() {
	ETCDCTL_USER=root:root etcdctl user passwd --interactive=false flannel <<<"$1" >/dev/null
}
# What the file is to say, no flag says.
start_by_file() {
	local flags
	host_add a ovnet
	conf first "control = { log-level = \"info\"; };"
	mapfile -t flags < <(ovnetd_flags a | grep -v -e --etcd-endpoints -e --log-level)
	spawn "$LAB_DIR/a/notified" python3 -u -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(4096).decode())' "$LAB_DIR/a/notify"
	within 5 "systemd listens" [ -S "$LAB_DIR/a/notify" ]
	# shellcheck disable=SC2046
	spawn "$LAB_DIR/a/log" ip netns exec "$LAB-a" env $(sanitizer_options a) \
		"NOTIFY_SOCKET=$LAB_DIR/a/notify" "WATCHDOG_USEC=$PERIOD_MS""000" "$OVNETD" --config "$LAB_DIR/a/ovnet.conf" "${flags[@]}"
	echo "$SPAWNED" >"$LAB_DIR/a/ovnetd.pid"
	ovnetd_wait a
	pod_add a
}
reload() {
	"$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" reload 2>&1
}
connected() {
	[ "$(ctl a status | json .etcd.connected)" = true ]
}
away() {
	! connected && ctl a status | jq -e '.warnings | any(contains("etcd.password"))'
}

told() {
	grep -q "$1" "$LAB_DIR/a/notified"
}
pings() {
	grep -c WATCHDOG=1 "$LAB_DIR/a/notified" || true
}
# They go on after so many more.
pinged() {
	[ "$(pings)" -ge "$1" ]
}
# hold TID...: until release.
hold() {
	rm -f "$LAB_DIR/a/held"
	spawn "$LAB_DIR/a/held" "$OVNET_ROOT/test/smoke/lib/hold.py" "$@"
	HOLDER=$SPAWNED
	within 5 "thread $* stands still" grep -q held "$LAB_DIR/a/held"
}
worker() {
	grep -l worker "/proc/$(ovnetd_pid a)"/task/*/comm | cut -d/ -f5
}
release() {
	end_process "$HOLDER" 5 || true
}

lab_up
etcdctl user add root:root >/dev/null
etcdctl user add flannel:first >/dev/null
etcdctl user grant-role root root >/dev/null
etcdctl role add flannel >/dev/null
etcdctl role grant-permission --prefix flannel readwrite "$PREFIX/" >/dev/null
etcdctl user grant-role flannel flannel >/dev/null
etcdctl auth enable >/dev/null
export ETCDCTL_USER=root:root
linux_host b
start_by_file
within 5 "pods reach each other" ping_once a b
flow_start a b

passwd $SECRET
etcd_stop
etcd_start
within 15 "the old password is refused" away
conf $SECRET "control = { log-level = \"debug\"; }; dpdk = { workers = 2; };"
reload >"$LAB_DIR/reload"
equal "what a reload says" "in force    etcd.password
            control.log-level: \"info\" -> \"debug\"
restart for dpdk.workers: \"1\" -> \"2\"" "$(head -n 3 "$LAB_DIR/reload" | sed 's/ *$//')"
within 10 "etcd takes the new password" connected
expect "status says what waits for a restart" jq -e \
	'.warnings | any(contains("restart ovnetd for it: dpdk.workers"))' <<<"$(ctl a status)" >/dev/null

conf "broken" "dpdk = { wrokers = 2; };"
expect "a broken file is refused" eval '! reload >"$LAB_DIR/refused"'
expect "with its error" grep -q 'ovnet.conf:2: dpdk.wrokers: no such key; did you mean dpdk.workers' \
	"$LAB_DIR/refused"
conf $SECRET "control = { log-level = \"info\"; };"
kill -HUP "$(ovnetd_pid a)"
within 5 "a signal does the same" logged a "configuration read anew, in force now: control.log-level"
expect "the warning is gone" jq -e '.warnings | any(contains("restart ovnetd for it")) | not' <<<"$(ctl a status)" >/dev/null
expect "etcd is there all the time" connected

on a "$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" support-bundle -o "$LAB_DIR/bundle" >/dev/null
equal "who may read a support bundle" 600 "$(stat -c %a "$LAB_DIR/bundle")"
for what in '"etcd.username": "flannel"' '"etcd.password": "(not shown)"' '"mbufs_free"' \
	'"state": "running"' 'ovnet0' 'table ip ovnet\|OVNET-FWD' '^PRETTY_NAME='; do
	expect "it has $what" grep -q "$what" "$LAB_DIR/bundle"
done
expect "it has no secret" eval "! grep -q $SECRET '$LAB_DIR/bundle'"
expect "nor is another file written over" eval \
	'! "$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" support-bundle -o "$LAB_DIR/bundle" 2>/dev/null'

hold "$(ovnetd_pid a)"
within 10 "systemd is told that the loop hangs" told "STATUS=the control loop hangs"
expect "systemd is told so only for a reason" logged a "the control loop has not got on for"
n=$(pings)
within 10 "it is pinged all the same" pinged $((n + 4))
expect "ovnetctl has no answer" eval '! timeout 0.5 "$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" status'
release
within 10 "the loop gets on" logged a "the control loop gets on again"
expect "no log has the password" eval "! grep -q $SECRET '$LAB_DIR/a/log' '$LAB_DIR/reload'"
flow_ends

hold "$(worker)"
within 10 "systemd is told that nothing is forwarded" told "STATUS=nothing is forwarded; 1 of 1 workers"
n=$(pings)
sleep "$((PERIOD_MS / 1000)).5" # so long systemd would wait
equal "pings after that" "$n" "$(pings)"
release
within 10 "it is pinged again" pinged $((n + 2))
ovnetd_stop a
expect "systemd is told of the end" told STOPPING=1
