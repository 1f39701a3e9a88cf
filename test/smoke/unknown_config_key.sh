#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A key ovnetd does not know, a value out of range: every one reported with file and line, by
# the daemon and by --check-config, and no daemon runs.
. "$(dirname "$0")/lib.sh"

lab_create
ns_add a
mkdir "$LAB_DIR/a"
conf=$LAB_DIR/a/bad.conf
cat >"$conf" <<-END
	etcd: { endpoints = "http://10.168.0.1:2379"; };
	node: { ifaec = "eth0"; };
	dpdk: { workers = 1000; };
END
for args in "" --check-config; do
	# shellcheck disable=SC2086
	! out=$(on a timeout 10 "$OVNETD" --config "$conf" $args 2>&1) || fail "accepted: $out"
	expect "line 2 and the key in: $out" grep -q "bad.conf:2:.*ifaec" <<<"$out"
	expect "line 3 and the key in: $out" grep -q "bad.conf:3:.*workers" <<<"$out"
done
! out=$(on a timeout 10 "$OVNETD" --no-such-flag 2>&1) || fail "accepted: $out"
expect "the flag in: $out" grep -q -- "no-such-flag" <<<"$out"
sed -i 's/ifaec/iface/; s/1000/2/' "$conf"
expect "the corrected file" on a "$OVNETD" --config "$conf" --check-config
