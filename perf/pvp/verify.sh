# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Each frame once from guest to uplink and once from uplink to guest, at the same time, from files and
# into files, which are compared.

# All have come by both ways, or no more will: four ports, each of which has sent them.
probe_arrived() {
	[ "$(pmd_forwarded probe | cut -d ' ' -f 2)" -ge $((4 * FRAMES)) ]
}

# files NAME: pcap's devargs, to send NAME.pcap and to write what comes; with two queues, nothing more to
# send, and two files to write.
files() {
	echo "rx_pcap=$LAB_DIR/$1.pcap,tx_pcap=$LAB_DIR/$1.out"
	[ "$queues" = 1 ] || echo ",rx_pcap=$LAB_DIR/nothing.pcap,tx_pcap=$LAB_DIR/$1.out1"
}

# probe ID PORT: feeds a switch and takes what comes of it. Its rings hold all frames, so who is slow
# loses none; and nothing is thrown away at the start. Where memif has two queues, all ports have.
probe() {
	local queues
	queues=$(peer_queues "$1")
	rm -f "$LAB_DIR"/*.out1
	head -c 24 "$LAB_DIR/uplink.pcap" >"$LAB_DIR/nothing.pcap"
	pmd_start probe "$OTHER_CPU" 192 "net_pcap0,$(files uplink | tr -d '\n')" \
		"net_memif1,$(memif client uplink.sock)" "net_pcap1,$(files guest | tr -d '\n')" \
		"$(guest_vdev "$1" "$2" "$FRAMES" "$queues")" \
		-- --forward-mode=io --no-flush-rx "--rxd=$FRAMES" "--txd=$FRAMES" \
		--total-num-mbufs=24576 "--rxq=$queues" "--txq=$queues"
	within 20 "the probe is connected" pmd_links_up probe
	within 20 "$1 has its ports up" peer linked "$1"
	pmd_go probe
	retry 20 probe_arrived || true # the check says what is missing
	pmd_halt probe
}

# once ID PORT SIZE PEERS: sets CAME, if all did as it has to be.
once() {
	local dropped
	peer_start "$1" pvp "$4" "$(guest_port "$1" "$2")" \
		"net_memif1,$(memif server uplink.sock "mac=$IN_MAC")"
	guest_frames "$1" "$3" "$4"
	probe "$1" "$2"
	dropped=$(peer dropped "$1")
	peer halt "$1"
	peer stop "$1"
	pmd_stop probe
	rm -f "$(guest_socket "$1")"
	if compare "$1" encap uplink "$GATE_MAC" "$IN_MAC" "${@:3}" &&
		compare "$1" decap guest "$IN_MAC" "$GATE_MAC" "${@:3}"; then
		CAME=yes
	fi
}

# verify ID PORT SIZE PEERS
verify() {
	peer_verify once "$@"
}

# compare ID PATH SIDE IN_MAC OUT_MAC SIZE PEERS: what came out on that side.
compare() {
	local out=$LAB_DIR/$3.out how=(--in-mac "$4" --out-mac "$5")
	[ "$1" = ovnet ] || how+=(--bridge)
	[ ! -e "${out}1" ] || how+=(--also "${out}1")
	"$core/check.py" "$out" "$2" "$6" "$7" "${how[@]}" >&2 && return
	WRONG="$1, $2, size $6, $7 peers: wrong contents (above); dropped: ${dropped:-none}"
	return 1
}
