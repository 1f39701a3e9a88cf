#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# ovnetd --cleanup --dry-run lists all that ovnet ever made and touches nothing; --cleanup
# removes it; a second one finds nothing.
. "$(dirname "$0")/lib.sh"

ours() {
	on a ip -o link show | grep -o ' ovnet0' || true
	# The device has no carrier without a daemon; when the kernel notices is its own business.
	on a ip route show table all proto 111 | sed 's/ linkdown//'
}

lab_up
ovnet_host a
linux_host b
reach a b
ovnetd_stop a
before=$(ours)
equal "host device, route and blackhole" 3 "$(wc -l <<<"$before")"

listed=$(on a "$OVNETD" --cleanup --dry-run)
for thing in ovnet0 "$(subnet b)" blackhole; do
	expect "$thing is listed in: $listed" grep -q "$thing" <<<"$listed"
done
equal "state after the dry run" "$before" "$(ours)"
on a "$OVNETD" --cleanup >/dev/null
equal "state after the cleanup" "" "$(ours)"
equal "what a second one does" 0 "$(on a "$OVNETD" --cleanup | grep -c removed || true)"
expect "the lease is not the host's to remove" [ -n "$(lease_value "$(subnet a)")" ]
