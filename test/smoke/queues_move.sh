#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two workers, and two generators whose queues both begin with one of them: within some seconds each
# worker has one, and it stays so. One whose worker is configured does not go.
# runs: alone
. "$(dirname "$0")/lib.sh"

# generator NAME ADDRESSES [MEMBER...]: DPDK's, with as many packets as are fetched.
generator() {
	echo "{ name = \"$1\"; devargs = \"net_pcap_$1,rx_pcap=$LAB_DIR/in.pcap,infinite_rx=1\";" \
		"addresses = \"$2\"; ${*:3} }"
}

worker_of() {
	ctl a queues | json --arg q "$1:0" '.[] | select(.queue == $q) | .worker'
}

apart() {
	[ "$(worker_of g1)" != "$(worker_of g2)" ]
}

# moved: what the log says of queues that went.
moved() {
	grep -c 'goes from worker' "$LAB_DIR/a/log" || true
}

lab_create
ns_add a
mkdir "$LAB_DIR/a"
"$OVNET_ROOT/perf/core/make.py" encap 64 1 "$LAB_DIR/leases.json" "$LAB_DIR/in.pcap" >"$LAB_DIR/made"
# Ids are given in this order, and say where a queue begins: 1 and 3 at worker 1, 2 at worker 0.
cat >"$LAB_DIR/a/ovnet.conf" <<-END
	registry = { type = "static"; file = "$LAB_DIR/leases.json"; };
	dpdk = { workers = 2; hugepages = "off"; };
	uplinks = ( { devargs = "net_null0,no-rx=1"; address = "172.31.0.1/24"; queues = 2; } );
	ports = ( $(generator g1 10.255.0.0/24 'workers = "1";'),
	          { name = "quiet"; driver = "tap"; addresses = "10.255.0.252"; },
	          $(generator g2 10.255.0.253) );
END
LAB_IFACE='' ovnetd_start a --config "$LAB_DIR/a/ovnet.conf" --dpdk-mbufs=32768 --host-device=
ovnetd_wait a 30
within 30 "the second generator goes to the other worker" apart
equal "worker of the first generator, which is configured" 1 "$(worker_of g1)"
expect "queues that went, by the log" [ "$(moved)" -ge 1 ]
before=$(moved)
sleep 5
equal "queues that went in the five seconds behind that" "$before" "$(moved)"
expect "both generators are served" eval '[ "$(ctl a queues |
	jq "[.[] | select(.queue == \"g1:0\" or .queue == \"g2:0\") | select(.rx_packets > 0)] | length")" = 2 ]'
ovnetd_stop a
