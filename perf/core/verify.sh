# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Each frame once through a contender by memif, from a file and into one; the files are compared.

# All have come, or no more will.
probe_arrived() {
	[ "$(pmd_forwarded probe | cut -d ' ' -f 2)" -ge $((2 * FRAMES)) ]
}

# probe_start ID: ports 0 and 1 feed it, 2 and 3 take what comes back; nothing is thrown away at the
# start. Where memif has two queues, all ports have.
probe_start() {
	local in="rx_pcap=$LAB_DIR/in.pcap" out="tx_pcap=$LAB_DIR/out.pcap" queues
	queues=$(peer_queues "$1")
	rm -f "$LAB_DIR"/out*.pcap
	if [ "$queues" = 2 ]; then
		head -c 24 "$LAB_DIR/in.pcap" >"$LAB_DIR/nothing.pcap"
		in+=",rx_pcap=$LAB_DIR/nothing.pcap" out+=",tx_pcap=$LAB_DIR/out1.pcap"
	fi
	pmd_start probe "$OTHER_CPU" 64 "net_pcap0,$in" "net_memif0,$(memif client in.sock)" \
		"net_memif1,$(memif client out.sock)" "net_pcap1,$out" -- --forward-mode=io --no-flush-rx \
		--total-num-mbufs=8192 "--rxq=$queues" "--txq=$queues"
	within 20 "memif connects" pmd_links_up probe
	pmd_go probe
}

# once ID PATH SIZE PEERS
once() {
	local drops how=()
	peer_start "$1" "$2" "$4" "net_memif_in,$(memif server in.sock "mac=$IN_MAC")" \
		"net_memif_out,$(memif server out.sock "mac=$OUT_MAC")"
	probe_start "$1"
	retry 10 probe_arrived || true # the check says what is missing
	pmd_halt probe
	drops=$(peer dropped "$1")
	peer stop "$1"
	pmd_stop probe
	[ "$1" = ovnet ] || how=(--bridge)
	[ ! -e "$LAB_DIR/out1.pcap" ] || how+=(--also "$LAB_DIR/out1.pcap")
	if "$core/check.py" "$LAB_DIR/out.pcap" "${@:2}" "${how[@]}" >&2; then
		CAME=yes
	else
		WRONG="$1, $2, size $3, $4 peers: wrong contents (above); dropped: ${drops:-none}"
	fi
}

# verify ID PATH SIZE PEERS
verify() {
	peer_verify once "$@"
}
