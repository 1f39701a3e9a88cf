#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A daemon as an operator keeps it: etcd's password changes under it and a reload takes that up, a
# broken file changes nothing, and not a packet is lost meanwhile.
# runs: asan
. "$(dirname "$0")/lib.sh"

SECRET=planted-5ecret

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
	# shellcheck disable=SC2046
	spawn "$LAB_DIR/a/log" ip netns exec "$LAB-a" env $(sanitizer_options a) \
		"$OVNETD" --config "$LAB_DIR/a/ovnet.conf" "${flags[@]}"
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
expect "the warning is gone" jq -e '.warnings == []' <<<"$(ctl a status)" >/dev/null
expect "etcd is there all the time" connected
expect "no log has the password" eval "! grep -q $SECRET '$LAB_DIR/a/log' '$LAB_DIR/reload'"
flow_ends
