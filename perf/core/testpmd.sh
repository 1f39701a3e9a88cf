# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# testpmd: contender, feeder and receiver. It takes its commands from a FIFO.

declare -A TESTPMD_FD=() TESTPMD_PID=()

# eal_memory MEGABYTES: of a process beside ovnetd.
eal_memory() {
	if [ -n "$HUGE" ]; then
		echo "--in-memory -m $1"
	else
		echo "--no-huge --no-shconf -m $1"
	fi
}

# testpmd_start NAME CPU MEGABYTES VDEV... -- OPTION...: until it takes commands.
testpmd_start() {
	local name=$1 cpu=$2 megabytes=$3 fifo=$LAB_DIR/$1.fifo log=$LAB_DIR/$1.log vdevs=() fd
	shift 3
	while [ "$1" != -- ]; do
		vdevs+=("--vdev=$1")
		shift
	done
	rm -f "$fifo" "$log"
	mkfifo "$fifo"
	exec {fd}<>"$fifo"
	# shellcheck disable=SC2046,SC2016
	spawn "$log" bash -c 'exec "$@" <"$0"' "$fifo" stdbuf -oL dpdk-testpmd \
		$(eal_memory "$megabytes") --no-pci --no-telemetry --log-level=error \
		"--file-prefix=$LAB-$name" --lcores "0@$OTHER_CPU,1@$cpu" --main-lcore 0 \
		"${vdevs[@]}" -- -i --nb-cores=1 --disable-link-check --rxd=1024 --txd=1024 \
		--burst=64 --record-core-cycles "${@:2}"
	TESTPMD_FD[$name]=$fd TESTPMD_PID[$name]=$SPAWNED
	within 20 "testpmd takes commands ($log)" grep -q '^testpmd>' "$log"
}

# testpmd_ask NAME COMMAND: what it says to that.
testpmd_ask() {
	local log=$LAB_DIR/$1.log from
	from=$(($(stat -c %s "$log") + 1))
	echo "$2" >&"${TESTPMD_FD[$1]}"
	within 10 "testpmd ($1) answers to '$2'" eval "tail -c +$from '$log' | grep -q '^testpmd>'"
	tail -c "+$from" "$log"
}

# testpmd_forwarded NAME: packets received, packets sent and busy cycles by now.
testpmd_forwarded() {
	testpmd_ask "$1" "show fwd stats all" | awk '
		/Accumulated/ { sum = 1 }
		sum && $1 == "RX-packets:" { rx = $2 }
		sum && $1 == "TX-packets:" { tx = $2 }
		match($0, / cycles=[0-9]+/) { busy = substr($0, RSTART + 8, RLENGTH - 8) }
		END { print rx + 0, tx + 0, busy + 0 }'
}

testpmd_links_up() {
	! testpmd_ask "$1" "show port summary all" | grep -qw down
}

testpmd_go() {
	testpmd_ask "$1" start >/dev/null
}

# testpmd_halt NAME: it touches its ports no more, but has them.
testpmd_halt() {
	testpmd_ask "$1" stop >/dev/null
}

testpmd_stop() {
	local fd=${TESTPMD_FD[$1]} rc=0
	echo quit >&"$fd"
	retry 10 gone_or_zombie "${TESTPMD_PID[$1]}" || fail "testpmd ($1) does not quit"
	wait "${TESTPMD_PID[$1]}" || rc=$?
	[ "$rc" = 0 ] || fail "testpmd ($1) ended with status $rc: $(tail -n 3 "$LAB_DIR/$1.log")"
	exec {fd}>&-
	unset "TESTPMD_FD[$1]" "TESTPMD_PID[$1]"
}
