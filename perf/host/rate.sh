# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# shellcheck disable=SC2153
# Packets of 64 bytes a second, by the workers with each uplink driver there is, which is what `auto` is
# chosen by, and by the kernel lane.

RATE_DRIVERS='lane socket af_xdp af_packet'

# rate_turn CONTENDER DRIVER OFFLOAD
rate_turn() {
	local got=$LAB_DIR/rate.got before after
	: >"$got"
	spawn "$got" ip netns exec "$LAB-$1-b-pod" "$OVNET_BUILD/perf/udp_rate" receive 7200
	within 5 "the receiver listens" grep -q listening "$got"
	before=$(cpu_sample "$1")
	in_pod "$1-a" "$OVNET_BUILD/perf/udp_rate" send "$(pod_ip "$1-b")" 7200 "$RATE_S" 22 \
		>"$LAB_DIR/rate.sent"
	after=$(cpu_sample "$1")
	end_process "$SPAWNED" 5 || true
	jq -nc --arg contender "$1" --arg driver "$2" --argjson offload "$3" \
		--argjson cpu "$(cpu_between "$before" "$after")" \
		--argjson sent "$(<"$LAB_DIR/rate.sent")" --argjson received "$(tail -n 1 "$got")" \
		'{$contender, $driver, underlay_offload: $offload, kpps: ($received.packets / $sent.seconds / 1e3),
		  sent_kpps: ($sent.packets / $sent.seconds / 1e3), seconds: $sent.seconds, $cpu}' >>"$LAB_DIR/rates"
}

# known_driver DRIVER: this ovnetd has it.
known_driver() {
	sed "s/driver = \"[a-z_]*\"/driver = \"$1\"/" "$LAB_DIR/ovnet-a/ovnet.conf" >"$LAB_DIR/try.conf"
	"$OVNETD" --config "$LAB_DIR/try.conf" --check-config >/dev/null 2>&1
}

# rate_start DRIVER: sets RATE_NAME.
rate_start() {
	local -x OVNET_LANE=off
	local driver=$1
	[ "$1" != lane ] || driver=socket OVNET_LANE=auto
	ovnet_start "$driver"
	RATE_NAME=$(uplink_driver)
	[ "$1" != lane ] || RATE_NAME=lane
}

rates() {
	local driver round n=$(((ROUNDS + 1) / 2)) offload=${OFFLOADS##* } RATE_NAME
	RATE_S=$(((WINDOW + 1) / 2))
	for ((round = 1; round <= n; round++)); do
		for driver in $RATE_DRIVERS; do
			[ "$driver" = lane ] || known_driver "$driver" || continue
			progress "packets of 64 bytes by $driver, round $round of $n"
			ovnetd_stop ovnet-a
			ovnetd_stop ovnet-b
			rate_start "$driver"
			offload_set "$offload"
			reach ovnet-a ovnet-b
			rate_turn ovnet "$RATE_NAME" "$offload"
			rate_turn kernel vxlan "$offload"
		done
	done
}
