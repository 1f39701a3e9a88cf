#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# flanneld's watching, for every linux host of a lab: lists the leases, applies them, waits for
# the next event from that revision on. While etcd is away the kernel keeps what it has.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
set +eE

# Prints the revision the listing was made at.
sync_all() {
	local dir
	lease_listing >"$LAB_DIR/linux_listing.json" || return 1
	linux_leases <"$LAB_DIR/linux_listing.json" >"$LAB_DIR/leases" || return 1
	for dir in "$LAB_DIR"/*/; do
		[ -e "$dir/peers" ] || continue
		linux_sync "$(basename "$dir")" "$LAB_DIR/leases" >&2
	done
	jq -er .revision "$LAB_DIR/linux_listing.json"
}

while [ -d "$LAB_DIR" ]; do
	if ! revision=$(sync_all); then
		sleep 0.2
		continue
	fi
	exec 3< <(lease_events $((revision + 1)))
	watcher=$!
	# The time-out is a net below: a watch that hangs, at a member of etcd that is just starting
	# or cut off, costs three seconds, not the test.
	read -r -t 3 -u 3 _
	kill "$watcher" 2>/dev/null
	exec 3<&-
	wait "$watcher" 2>/dev/null
done
