#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two workers and an uplink with one queue: packets are handed over to the worker that owns it.
# runs: alone
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a --dpdk-workers=2
linux_host b
equal "workers" 2 "$(ctl a workers | jq length)"
reach a b
all_arrive a b 62
expect "16 MB from a to b arrive unchanged" tcp_copy a b 16
expect "16 MB from b to a arrive unchanged" tcp_copy b a 16
iperf_server b
# Many flows, so that both queues of the host device carry some.
gbps=$(iperf a b 2 -P 8)
expect "8 streams move data, $gbps Gbit/s" awk -v g="$gbps" 'BEGIN { exit !(g > 0.05) }'
busy=$(ctl a workers | jq '[.[] | select(.wakeups > 0 or .loops > .idle_loops)] | length')
equal "workers that saw packets" 2 "$busy"
all_arrive b a 62

# Each queue says whose it is and what it carried, which in all is what its port did.
counted_by_queue() {
	ctl a ports | jq -e 'all(.[]; . as $port | .queues != [] and all(.queues[]; .worker != null)
		and all("rx_packets", "rx_bytes", "tx_packets", "tx_bytes";
			. as $of | ([$port.queues[][$of]] | add) == $port[$of]))' >/dev/null
}
within 10 "ports and their queues count the same" counted_by_queue
equal "queues, listed by themselves" "$(ctl a ports | jq '[.[].queues[]] | length')" \
	"$(ctl a queues | jq length)"
