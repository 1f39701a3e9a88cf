#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The clocks of two nodes jump by a year and more: what is connected goes on, leases stay, changes
# arrive. A new connection finds the certificates too old or too young, says so, and is made when the
# clock is right again.
. "$(dirname "$0")/lib.sh"

DAY=86400
clock_off_by() {
	python3 -c 'import struct, sys
open(sys.argv[1], "r+b").write(struct.pack("q", int(sys.argv[2])))' "$LAB_DIR/clock" "$1"
}

# jump DAYS N REGEX: peers N and N + 1 come meanwhile.
jump() {
	say "the clocks jump by $1 days"
	clock_off_by $(($1 * DAY))
	fake_peer "$2"
	for h in a b; do
		within 5 "$h sees a new lease" sees $h "$2"
		expect "$h is connected" connected $h true
	done
	host_cut a
	host_join a
	within 20 "a says '$3'" says a "$3.*is this node's clock right"
	fake_peer $(($2 + 1))
	within 5 "b sees another lease" sees b $(($2 + 1))
	expect "a has no connection" connected a false
	clock_off_by 0
	within 20 "a is back" connected a true
	within 5 "a sees what came meanwhile" sees a $(($2 + 1))
}

cluster_up
head -c 8 /dev/zero >"$LAB_DIR/clock"
OVNETD_ENV=("OVNET_CLOCK=$LAB_DIR/clock" "LD_PRELOAD=$OVNET_BUILD/test/smoke/tools/clock.so")
cluster_hosts
created=$(etcdctl get "$(lease_key "$(subnet a)")" -w fields | grep CreateRevision)
jump 400 200 "certificate has expired"
jump -400 202 "certificate is not yet valid"
equal "a's lease" "$created" \
	"$(etcdctl get "$(lease_key "$(subnet a)")" -w fields | grep CreateRevision)"
flow_ends
tree_as_flannel
