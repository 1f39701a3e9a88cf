# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What is on the wire: tcpdump on the fabric's side of a host's cable.

# capture_start HOST FILTER: into $LAB_DIR/HOST/pcap.
capture_start() {
	local dir=$LAB_DIR/$1
	: >"$dir/tcpdump.log"
	rm -f "$dir/pcap"
	spawn "$dir/tcpdump.log" ip netns exec "$LAB-fabric" tcpdump -i "$1" -n -U \
		--immediate-mode -Z root -w "$dir/pcap" "$2"
	CAPTURE_PID=$SPAWNED
	within 10 "tcpdump listens" grep -q 'listening on' "$dir/tcpdump.log"
}

capture_stop() {
	kill -INT "$CAPTURE_PID"
	wait "$CAPTURE_PID" || true
}

captured_packets() {
	tcpdump -n -r "$LAB_DIR/$1/pcap" 2>/dev/null | wc -l
}

# captured HOST FIELD...: one line per packet, fields separated by blanks; checksums verified. Flags
# are 0 or 1, which tshark calls False and True from 4.2 on.
captured() {
	local host=$1 f fields=()
	shift
	for f in "$@"; do
		fields+=(-e "$f")
	done
	tshark -r "$LAB_DIR/$host/pcap" -d udp.port==8472,vxlan -o ip.check_checksum:TRUE \
		-o udp.check_checksum:TRUE -o tcp.check_checksum:TRUE -T fields \
		-E separator=' ' "${fields[@]}" 2>/dev/null | sed 's/\bFalse\b/0/g; s/\bTrue\b/1/g'
}
