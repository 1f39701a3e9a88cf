#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# ovnetctl lease: shown, made a reservation that outlives a restart, released, given back.
# runs: asan
. "$(dirname "$0")/lib.sh"

lease() {
	timeout 15 "$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" lease "$@"
}
# The handle of the etcd lease behind the key; 0: none.
handle() {
	etcdctl get "$(lease_key "$(subnet a)")" -w fields | sed -n 's/^"Lease" : //p'
}
refused() {
	local what=$1
	shift
	! lease "$@" >"$LAB_DIR/out" 2>&1 || fail "lease $* was carried out"
	expect "it says: $what" grep -q "$what" "$LAB_DIR/out"
}

lab_up
ovnet_host a
linux_host b
reach a b
expect "the key" eval 'lease | grep -q "^key  *$(lease_key "$(subnet a)")$"'
equal "handle" "$(printf %x "$(handle)")" "$(lease show --json | json .handle)"
refused "is no reservation" release
refused "takes show, reserve or release" extend

expect "reserve" lease reserve
equal "TTL handle of a reservation" 0 "$(handle)"
refused "is a reservation already" reserve
first=$(subnet a)
ovnetd_stop a
ovnetd_start a
ovnetd_wait a
equal "subnet" "$first" "$(subnet a)"
equal "TTL handle after a restart" 0 "$(handle)"
expect "it says so" eval 'lease | grep -q "never, it is a reservation"'
expect "release" lease release
expect "a TTL" [ "$(handle)" != 0 ]
reach a b

pid=$(ovnetd_pid a)
rm "$LAB_DIR/a/ovnetd.pid"
expect "release --now" lease release --now
equal "the key" "" "$(lease_value "$first")"
within 5 "the daemon ends" gone_or_zombie "$pid"
rc=0
wait "$pid" || rc=$?
equal "its exit status" 0 $rc
