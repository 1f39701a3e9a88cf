# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Each frame once through the node by memif, from a file and into one; the files are compared.

# All have come, or no more will.
probe_arrived() {
	[ "$(testpmd_forwarded probe | cut -d ' ' -f 2)" -ge $((2 * FRAMES)) ]
}

# verify PATH SIZE PEERS
verify() {
	local out=$LAB_DIR/out.pcap drops
	progress "$@" contents
	node_start "$1" "$3" "net_memif_in,$(memif server in.sock "mac=$IN_MAC")" \
		"net_memif_out,$(memif server out.sock "mac=$OUT_MAC")"
	rm -f "$out"
	# Ports 0 and 1 feed the node, 2 and 3 take what comes back; nothing is thrown away at the start.
	testpmd_start probe "$OTHER_CPU" 64 "net_pcap0,rx_pcap=$LAB_DIR/in.pcap" \
		"net_memif0,$(memif client in.sock)" "net_memif1,$(memif client out.sock)" \
		"net_pcap1,tx_pcap=$out" -- --forward-mode=io --no-flush-rx --total-num-mbufs=8192
	within 20 "memif connects" testpmd_links_up probe
	testpmd_go probe
	retry 10 probe_arrived || true # the check says what is missing
	testpmd_halt probe
	drops=$(ctl node drops | jq -c '(.drops? // .)[] | select(.packets > 0) | {reason, packets}')
	ovnetd_stop node
	testpmd_stop probe
	if ! "$core/check.py" "$out" "$1" "$2" "$3" >&2; then
		fail "$1, size $2, $3 peers: wrong contents (above); dropped: ${drops:-none}"
	fi
}
