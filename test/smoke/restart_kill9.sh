#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Killed with -9 and started again: the same subnet and VtepMAC, traffic back within a second
# where hugepages are mapped, and one XDP program, the new one, on the interface.
export LAB_DRIVER=af_xdp # whose program has to go and come with the daemon
. "$(dirname "$0")/lib.sh"

# One lost answer must not cost a second of waiting for it.
answers() {
	in_pod b ping -n -c 1 -W 0.05 "$(pod_ip a)"
}
xdp_ids() {
	on a ip -j -d link show eth0 | jq -r '.[].xdp | .prog.id // .attached[]?.prog.id // empty'
}

lab_up
ovnet_host a
linux_host b
reach b a
before="$(subnet a) $(lease_value "$(subnet a)")"
equal "XDP programs on eth0" 1 "$(xdp_ids | wc -l)"
for round in 1 2 3; do
	ovnetd_kill9 a
	started=$(now_us)
	ovnetd_start a
	within 10 "traffic after start $round" answers
	took=$(seconds_since "$started")
	ovnetd_wait a
	equal "subnet and lease value" "$before" "$(subnet a) $(lease_value "$(subnet a)")"
	equal "XDP programs on eth0" 1 "$(xdp_ids | wc -l)"
	say "traffic back $took s after start $round"
	[ "$(ctl a status | json .dpdk.memory)" != hugepages ] || [ -n "${OVNET_SLOW:-}" ] ||
		expect "back within a second" [ "${took/./}" -le 100 ]
done
ovnetd_stop a
equal "XDP programs on eth0 after SIGTERM" 0 "$(xdp_ids | wc -l)"
