# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# How scripts/test.sh runs tests: one after the other, side by side, or ahead of their turn, each
# with its output and its status in files of $LOGS.

LANES=3
declare -A LANE=()    # what runs side by side: its process, its name
declare -A COMMAND=() # and its words, quoted
declare -A AHEAD=()   # what runs ahead: its name, its process
AHEAD_ORDER=()

log_of() {
	echo "$LOGS/${1//\//-}.log"
}

# attempt NAME COMMAND...: one test, its output in a log of that name, status and time beside it. A
# job of its own with a process group of its own: the end of this script is the end of it all.
attempt() {
	local log start child='' rc=0
	log=$(log_of "$1")
	start=$(now_us)
	trap '[ -z "$child" ] || kill -TERM -- "-$child"; wait; exit 143' TERM
	set -m
	"${@:2}" >"$log" 2>&1 </dev/null &
	child=$!
	set +m
	wait "$child" || rc=$?
	echo "$rc $(seconds_since "$start")" >"$log.status"
}

attempt_alone() {
	attempt "$@" &
	wait $!
}

# first_failure LOG STATUS: what its last line says, or how it ended without one.
first_failure() {
	grep -a '^FAIL' "$1" | tail -n 1 | cut -c -300 | grep . || echo "no FAIL line, status $2"
}

# conclude NAME COMMAND...: what became of the attempt. Status 77 is a skip.
conclude() {
	local name=$1 log rc seconds again=''
	log=$(log_of "$name")
	read -r rc seconds <"$log.status"
	# Two cores and real time: a second try tells a stall of the machine from a defect. It is said.
	if [ "$rc" != 0 ] && [ "$rc" != 77 ] && [[ $name == *smoke/* || $name == demo/* || $name == perf/* ]]; then
		mv "$log" "$log.first"
		again=$(first_failure "$log.first" "$rc")
		attempt_alone "$@"
		read -r rc seconds <"$log.status"
		[ "$rc" != 0 ] || AGAIN+=("$name ($again)")
	fi
	case $rc in
	0) result ok "$name" "$seconds" "${again:+second try; the first: $again}" ;;
	77) result skip "$name" "$seconds" "$(sed -n 's/^SKIP: //p' "$log")" ;;
	*)
		result FAIL "$name" "$seconds" "status $rc, log: $log"
		grep -a '^FAIL' "$log" | sed 's/^/     | /' | uniq | head -n 10
		tail -n "${OVNET_TEST_TAIL:-15}" "$log" | cut -c -200 | sed 's/^/     | /'
		;;
	esac
	[ "$rc" = 0 ]
}

run() {
	attempt_alone "$@"
	conclude "$@"
}

# begin NAME COMMAND...: beside others, $LANES at a time. drain: until all of them have ended.
begin() {
	[ ${#LANE[@]} -lt "$LANES" ] || reap
	COMMAND[$1]=$(printf '%q ' "${@:2}")
	attempt "$@" &
	LANE[$!]=$1
}

reap() {
	local pid name
	wait -n -p pid "${!LANE[@]}"
	name=${LANE[$pid]}
	unset "LANE[$pid]"
	eval "conclude $name ${COMMAND[$name]}"
}

drain() {
	while [ ${#LANE[@]} -gt 0 ]; do
		reap
	done
}

# ahead NAME COMMAND...: what is wanted later, one after the other, on CPU time nobody else wants.
ahead() {
	local before=''
	[ ${#AHEAD_ORDER[@]} = 0 ] || before=${AHEAD[${AHEAD_ORDER[-1]}]}
	{
		chrt --idle --pid 0 $BASHPID
		while [ -n "$before" ] && [ -d "/proc/$before" ]; do
			sleep 0.3
		done
		attempt "$@"
	} &
	AHEAD[$1]=$!
	AHEAD_ORDER+=("$1")
}

# its_turn NAME COMMAND...: as run, but of what runs ahead only the rest.
its_turn() {
	local name
	if [ -z "${AHEAD[$1]:-}" ]; then
		run "$@"
		return
	fi
	for name in "${AHEAD_ORDER[@]}"; do
		hurry "${AHEAD[$name]}"
		wait "${AHEAD[$name]}" 2>/dev/null # may have been waited for before
		[ "$name" != "$1" ] || break
	done
	conclude "$@"
}

# hurry PID: it and what it started want CPU time like anybody.
hurry() {
	local child
	chrt --other --pid 0 "$1" 2>/dev/null
	for child in $(pgrep -P "$1"); do
		hurry "$child"
	done
}
