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

# subnet.env may be flanneld's by now, with the same subnet: it is at work, or its device is there.
left() {
	cleanup --dry-run | grep -Eq "^left: .*/subnet.env: .*$1"
}
printf '#!/bin/bash\nwhile :; do sleep 0.2; done\n' >"$LAB_DIR/flanneld"
chmod +x "$LAB_DIR/flanneld"
spawn /dev/null ip netns exec "$LAB-a" "$LAB_DIR/flanneld"
within 5 "flanneld's file is left while it runs" left 'a flanneld runs here'
end_process "$SPAWNED" 5 || true
expect "the file is ours without it" eval "! left ''"
on a ip link add flannel.7 type bridge
on a ip addr add "$(base a)/32" dev flannel.7
expect "a file with the subnet of flannel's device is left" left "on a device of flannel's"
on a ip link del flannel.7
cp "$LAB_DIR/a/subnet.env" "$LAB_DIR/env"
sed -i 's/^FLANNEL_SUBNET=.*/FLANNEL_SUBNET=10.5.254.1\/24/' "$LAB_DIR/a/subnet.env"
expect "another subnet's file is left" left "10.5.254.0/24 is on no device of ovnet's"
mv "$LAB_DIR/env" "$LAB_DIR/a/subnet.env"
own=$(subnet a)
cleanup >/dev/null
equal "state after the cleanup" "" "$(ours)"
expect "subnet.env is gone" [ ! -e "$LAB_DIR/a/subnet.env" ]
expect "the snapshot is gone" [ ! -e "$LAB_DIR/a/snapshot/leases.json" ]
equal "what a second one does" 0 "$(cleanup | grep -c removed || true)"
expect "the lease is not the host's to remove" [ -n "$(lease_value "$own")" ]
