# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Messages, deadlines, processes, and the way a lab ends.

say() {
	printf '%s\n' "$*" >&2
}

skip() {
	echo "SKIP: $*"
	exit 77
}

# expect WHAT COMMAND...: the command must succeed.
expect() {
	local what=$1
	shift
	"$@" || fail "expected: $what"
}

# equal WHAT WANTED FOUND
equal() {
	[ "$2" = "$3" ] || fail "$1: wanted '$2', found '$3'"
}

now_us() {
	echo "${EPOCHREALTIME/./}"
}

# seconds_since START_US [END_US]: with two decimals.
seconds_since() {
	local us=$((${2:-$(now_us)} - $1))
	printf '%d.%02d\n' $((us / 1000000)) $((us % 1000000 / 10000))
}

# retry SECONDS COMMAND...: until it succeeds; false when time is up.
retry() {
	local end=$(($(now_us) + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(now_us)" -lt "$end" ] || return 1
		sleep 0.03
	done
}

# within SECONDS WHAT COMMAND...: as retry, but time up is the end of the test.
within() {
	local seconds=$1 what=$2
	shift 2
	retry "$seconds" "$@" || fail "not within $seconds s: $what"
}

# json FILTER: jq on stdin, raw output, no value is an error.
json() {
	jq -er "$@"
}

# spawn LOG COMMAND...: in the background, in a session of its own so that Ctrl-C reaches only
# this shell, which then ends it. Its number is in SPAWNED. The mark in its environment is how
# the lab finds what it started.
spawn() {
	local log=$1
	shift
	OVNET_LAB=$LAB setsid "$@" >>"$log" 2>&1 </dev/null 7>&- &
	SPAWNED=$!
}

# end_process PID SECONDS: asks, waits, then insists. Returns its exit status. Who was made to stand
# still hears it too.
end_process() {
	kill -TERM "$1" 2>/dev/null || true
	kill -CONT "$1" 2>/dev/null || true
	retry "$2" gone_or_zombie "$1" || kill -KILL "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null
}

gone_or_zombie() {
	local state
	state=$(ps -o state= -p "$1" 2>/dev/null) || return 0
	[ "${state# }" = Z ]
}

# Every process of this lab, by the mark spawn gave it.
lab_pids() {
	grep -lzsx "OVNET_LAB=$LAB" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 || true
}

lab_namespaces() {
	ip netns list | awk -v p="$LAB-" 'index($1, p) == 1 { print $1 }'
}

# Containers' cgroups of this lab: their runtime removes them, unless it was killed. The deepest first.
lab_cgroups() {
	find /sys/fs/cgroup -mindepth 1 -depth -type d \( -name "$LAB" -o -path "*/$LAB/*" \) 2>/dev/null || true
}

no_lab_pids() {
	[ -z "$(lab_pids)" ]
}

# Ends every process of the lab and removes all it made. Works for a lab of another run too.
lab_destroy() {
	local pids ns
	members_kill9
	pids=$(lab_pids)
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill -TERM $pids 2>/dev/null
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill -CONT $pids 2>/dev/null
	retry 5 no_lab_pids
	pids=$(lab_pids)
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
	retry 5 no_lab_pids
	for ns in $(lab_namespaces); do
		ip netns del "$ns"
	done
	lab_cgroups | xargs -r rmdir 2>/dev/null
	hugepages_leave
	rm -rf "$LAB_DIR"
	rmdir "$LAB_TOP" 2>/dev/null
	return 0
}

# Sanitizer reports, and daemons that died without being told to, fail any test.
lab_verdict() {
	local f pid rc=0
	for f in "$LAB_DIR"/*/ovnetd.pid; do
		[ -e "$f" ] || continue
		pid=$(<"$f")
		if gone_or_zombie "$pid"; then
			failed "ovnetd on $(basename "$(dirname "$f")") died on its own"
			rc=1
		else
			end_process "$pid" 10 || true
		fi
	done
	for f in "$LAB_DIR"/*/sanitizer.*; do
		[ -e "$f" ] || continue
		failed "sanitizer report $f"
		head -n 60 "$f" >&2
		rc=1
	done
	return $rc
}

# lab_after STATUS, if a script defines it, has the last word once all is removed.
lab_exit() {
	local rc=$?
	trap '' INT TERM HUP PIPE ALRM
	trap - EXIT ERR
	set +e
	speak_up
	# Of what took too long one wants to see where it stood; after Ctrl-C only the end.
	if [ "$rc" = 142 ] || { [ "$rc" != 0 ] && [ "$rc" != 77 ] && [ "$rc" -lt 128 ]; }; then
		lab_dump >&2
	fi
	lab_verdict || [ "$rc" != 0 ] || rc=1
	failures_end "$rc" "$1"
	lab_destroy
	if declare -F lab_after >/dev/null; then
		lab_after "$rc" || rc=$?
	fi
	failures_say "$rc"
	exit "$rc"
}

# lab_create: the directory and the traps. Everything else is added by the tests.
lab_create() {
	[ "$(id -u)" = 0 ] || skip "needs root: network namespaces"
	# Another run may remove the empty parent in between.
	mkdir -p "$LAB_TOP"
	mkdir -m 755 "$LAB_DIR" || mkdir -p "$LAB_DIR"
	failed_traps
	ip netns add "$LAB-probe" 2>/dev/null || skip "may not make network namespaces"
	ip netns del "$LAB-probe"
}

# What an engineer would ask for first.
lab_dump() {
	local dir name
	say "---- state of the lab ----"
	for dir in "$LAB_DIR"/*/; do
		name=$(basename "$dir")
		tail -n 20 "$dir"/{qemu,console}.log 2>/dev/null
		[ -e "$dir/ip" ] || continue
		echo "== $name ($(cat "$dir/kind" 2>/dev/null))"
		if [ -S "$dir/ctl.sock" ]; then
			for what in status peers ports drops stats; do
				echo "-- ovnetctl $what"
				timeout 3 "$OVNETCTL" --socket "$dir/ctl.sock" "$what" 2>&1
			done
		fi
		echo "-- links, routes, neighbours"
		on "$name" ip -d link 2>&1
		on "$name" ip route 2>&1
		on "$name" ip neigh 2>&1
		[ ! -e "$dir/log" ] || tail -n 40 "$dir/log"
	done
	tail -n 40 "$LAB_DIR"/*.log 2>/dev/null
	say "---- end of state ----"
}
