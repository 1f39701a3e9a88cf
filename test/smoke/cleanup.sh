#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# ovnetd --cleanup --dry-run lists all that ovnet ever made and touches nothing; --cleanup
# removes it; a second one finds nothing.
# runs: asan
. "$(dirname "$0")/lib.sh"

ours() {
	on a ip -o link show | grep -o ' ovnet0' || true
	# The device has no carrier without a daemon; when the kernel notices is its own business.
	on a ip route show table all proto 111 | sed 's/ linkdown//'
}

cleanup() {
	local flags
	mapfile -t flags < <(ovnetd_flags a) # whose files these are
	on a "$OVNETD" "${flags[@]}" --cleanup "$@"
}

lab_up
ovnet_host a
linux_host b
reach a b
ovnetd_stop a
before=$(ours)
equal "host device, route and blackhole" 3 "$(wc -l <<<"$before")"

listed=$(cleanup --dry-run)
for thing in ovnet0 "$(subnet b)" blackhole subnet.env leases.json; do
	expect "$thing is listed in: $listed" grep -q "$thing" <<<"$listed"
done
equal "state after the dry run" "$before" "$(ours)"
own=$(subnet a)
cleanup >/dev/null
equal "state after the cleanup" "" "$(ours)"
expect "subnet.env is gone" [ ! -e "$LAB_DIR/a/subnet.env" ]
expect "the snapshot is gone" [ ! -e "$LAB_DIR/a/snapshot/leases.json" ]
equal "what a second one does" 0 "$(cleanup | grep -c removed || true)"
expect "the lease is not the host's to remove" [ -n "$(lease_value "$own")" ]
