# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# testpmd as a contender: it only forwards, from each port to the other. What the ports cost.

TESTPMD_MB=160

testpmd_available() {
	WHY="no dpdk-testpmd: scripts/install-deps.sh installs it"
	command -v dpdk-testpmd >/dev/null
}

# testpmd_start ID PATH PEERS IN OUT [OPTION...]
testpmd_start() {
	local in=$4
	[[ $in != vhost:* ]] || in="net_vhost0,iface=${in#vhost:},client=1,queues=1"
	pmd_start "$1" "$WORKER_CPU" $TESTPMD_MB "$in" "$5" -- --forward-mode=io "--total-num-mbufs=$MBUFS" "${@:6}"
	MEMBERS[$1]+=" $SPAWNED"
	pmd_go "$1"
}

# testpmd_counted ID: it counts no bytes.
testpmd_counted() {
	local now rx tx busy
	now=$(now_us)
	read -r rx tx busy < <(pmd_forwarded "$1")
	echo "$now $rx $tx 0 $busy 0"
}

# testpmd_window ID SECONDS: what it said is read when the time is over.
testpmd_window() {
	local log=$LAB_DIR/$1.log from at=()
	from=$(($(stat -c %s "$log") + 1))
	at+=("$(now_us)")
	echo "show fwd stats all" >&"${PMD_FD[$1]}"
	sleep "$2"
	at+=("$(now_us)")
	pmd_ask "$1" "show fwd stats all" >/dev/null
	tail -c "+$from" "$log" | pmd_figures | while read -r rx tx busy; do
		echo "${at[0]} $rx $tx 0 $busy 0"
		at=("${at[@]:1}")
	done
}

testpmd_linked() {
	pmd_links_up "$1"
}

testpmd_lengths() {
	:
}

testpmd_dropped() {
	:
}

testpmd_halt() {
	pmd_halt "$1"
}

testpmd_stop() {
	pmd_stop "$1"
}
