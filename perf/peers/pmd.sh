# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A process of testpmd's: contender, feeder or receiver. It takes its commands from a FIFO.

declare -A PMD_FD=() PMD_PID=()

# eal_memory MEGABYTES: of a process of DPDK's beside others.
eal_memory() {
	if [ -n "$HUGE" ]; then
		# Other ends of vhost-user take eight pieces of memory, not one for each page.
		echo "--in-memory --single-file-segments -m $1"
	else
		echo "--no-huge --no-shconf -m $1"
	fi
}

# pmd_start NAME CPU MEGABYTES VDEV... -- OPTION...: until it takes commands.
pmd_start() {
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
	PMD_FD[$name]=$fd PMD_PID[$name]=$SPAWNED
	within 20 "testpmd takes commands ($log)" grep -q '^testpmd>' "$log"
}

# pmd_ask NAME COMMAND: what it says to that.
pmd_ask() {
	local log=$LAB_DIR/$1.log from
	from=$(($(stat -c %s "$log") + 1))
	echo "$2" >&"${PMD_FD[$1]}"
	within 10 "testpmd ($1) answers to '$2'" eval "tail -c +$from '$log' | grep -q '^testpmd>'"
	tail -c "+$from" "$log"
}

# pmd_figures: packets received, packets sent and busy cycles, a line for each time it was asked.
pmd_figures() {
	awk '/Accumulated/ { sum = 1 }
		sum && $1 == "RX-packets:" { rx = $2 }
		sum && $1 == "TX-packets:" { tx = $2 }
		sum && match($0, / cycles=[0-9]+/) {
			print rx, tx, substr($0, RSTART + 8, RLENGTH - 8)
			sum = 0
			said++
		}
		END { if (!said) print 0, 0, 0 }'
}

# pmd_forwarded NAME: by now.
pmd_forwarded() {
	pmd_ask "$1" "show fwd stats all" | pmd_figures
}

pmd_links_up() {
	[ -z "$(pmd_ask "$1" "show port summary all" | grep -w down)" ]
}

pmd_go() {
	pmd_ask "$1" start >/dev/null
}

# pmd_halt NAME: it touches its ports no more, but has them.
pmd_halt() {
	pmd_ask "$1" stop >/dev/null
}

pmd_stop() {
	local fd=${PMD_FD[$1]} rc=0
	echo quit >&"$fd"
	retry 10 gone_or_zombie "${PMD_PID[$1]}" || fail "testpmd ($1) does not quit"
	wait "${PMD_PID[$1]}" || rc=$?
	[ "$rc" = 0 ] || fail "testpmd ($1) ended with status $rc: $(tail -n 3 "$LAB_DIR/$1.log")"
	exec {fd}>&-
	unset "PMD_FD[$1]" "PMD_PID[$1]"
}
