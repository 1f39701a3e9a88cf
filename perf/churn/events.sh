# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What happens beside the traffic: leases, statistics, ports, taps. Each goes on until told to end, and
# is a process or a loop of its own.

declare -A EVENTS=()

# event NAME COMMAND...: before others, to be there in time. Its last line of output is JSON.
event() {
	spawn "$LAB_DIR/$1.json" chrt -f 10 "${@:2}"
	EVENTS[$1]=$SPAWNED
}

# again NAME N COMMAND...: until it is over, at least once; each time N of them come and go, then there is a
# rest as long as that took, for others that have to do with the same thread, and the same CPU.
again() {
	local times=0 start
	until [ -e "$LAB_DIR/over" ] && [ $times -gt 0 ]; do
		start=$(now_us)
		"${@:3}" $times
		times=$((times + 1))
		retry "$(seconds_since "$start" | cut -d. -f1)" test -e "$LAB_DIR/over" || true
	done
	echo "{\"$1\": $((times * $2))}"
}

# As fast as etcd takes them.
leases_once() {
	on node "$OVNET_BUILD/perf/lease_load" storm "$ETCD_URL" $((2 * CHANGING)) >&2
}

ports_once() {
	"$perf/ports/churn.py" "$LAB_DIR/node/ctl.sock" "$LAB_DIR" "p$1x" "$PORTS" >&2
}

events_start() {
	event stats "$churn/events.py" stats "$LAB_DIR/node/ctl.sock" 1000
	event taps "$churn/events.py" taps "$LAB_DIR/node/ctl.sock.taps" 100
	again leases "$CHANGING" leases_once >"$LAB_DIR/leases.json" 2>>"$LAB_DIR/leases.log" &
	EVENTS[leases]=$!
	again ports "$PORTS" ports_once >"$LAB_DIR/ports.json" 2>>"$LAB_DIR/ports.log" &
	EVENTS[ports]=$!
}

# events_stop: EVENTS_DONE, what happened of each.
events_stop() {
	local name rc
	touch "$LAB_DIR/over"
	kill -TERM "${EVENTS[stats]}" "${EVENTS[taps]}"
	for name in "${!EVENTS[@]}"; do
		rc=0
		wait "${EVENTS[$name]}" || rc=$?
		[ $rc = 0 ] || fail "churn: the $name ended with status $rc: $(tail -n 2 "$LAB_DIR/$name".*)"
	done
	EVENTS_DONE=$(tail -qn 1 "$LAB_DIR"/{leases,stats,ports,taps}.json | jq -sc add)
}
