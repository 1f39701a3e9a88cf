#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs the fuzz harnesses, as many side by side as there are CPUs. Status 1 and the input's path
# when one finds something.
set -euo pipefail
OVNET_ROOT=$(cd "$(dirname "$0")/../.." && pwd)
HERE=$OVNET_ROOT/test/fuzz
BUILD=$OVNET_ROOT/build-fuzz
. "$OVNET_ROOT/test/smoke/lib/build.sh"

usage() {
	cat <<-END
		usage: test/fuzz/run.sh [--minutes N | --seconds N] [--merge] [HARNESS...]
		       test/fuzz/run.sh --list | --build

		  --minutes N  N minutes in all, shared by the harnesses
		  --seconds N  N seconds for each harness; 5 by default
		  --merge      then take what reaches code no seed reaches into test/fuzz/corpus
		  --list       name the harnesses
		  --build      only build them, in build-fuzz

		New inputs are kept in build-fuzz/corpus, findings in build-fuzz/findings. To see a finding
		again: build-fuzz/test/fuzz/fuzz_HARNESS FILE
	END
}

# The largest input worth a try.
max_len() {
	case $1 in
	path_*) echo 8192 ;;
	ctl) echo 70000 ;;
	http) echo 12000 ;;
	*) echo 4096 ;;
	esac
}

all_harnesses() {
	local f
	for f in "$HERE"/fuzz_*.c; do
		f=${f##*/fuzz_}
		echo "${f%.c}"
	done
}

build_harnesses() {
	local log=$BUILD/build.log rc=0
	mkdir -p "$BUILD"
	(
		flock 9
		# Harnesses for clang 14, the distribution's; another CC or flags are no help here.
		CC=clang configure_tree "$BUILD" -Dfuzz=true -Dwerror=true \
			--buildtype=debugoptimized --optimization=1 -Dc_args=-g1 >"$log" 2>&1 9>&- &&
			ninja -C "$BUILD" ${OVNET_JOBS:+-j "$OVNET_JOBS"} fuzz >>"$log" 2>&1 9>&-
	) 9>"$BUILD/.lock" || rc=1
	[ $rc = 0 ] || tail -n 40 "$log" >&2
	return $rc
}

# start NAME: in the background, its log in $TMPDIR.
start() {
	local name=$1 dict=()
	[ ! -e "$HERE/dict/$name" ] || dict=("-dict=$HERE/dict/$name")
	mkdir -p "$BUILD/corpus/$name" "$BUILD/findings"
	"$BUILD/test/fuzz/fuzz_$name" "-max_total_time=$SECONDS_EACH" "-max_len=$(max_len "$name")" \
		-timeout=20 -close_fd_mask=3 "-artifact_prefix=$BUILD/findings/$name-" "${dict[@]}" \
		"$BUILD/corpus/$name" "$HERE/corpus/$name" >"$TMPDIR/$name.log" 2>&1 </dev/null &
	PIDS[$!]=$name
}

# The last line libFuzzer wrote, as "N runs, N edges".
progress() {
	sed -nE 's/^#([0-9]+)[^c]*cov: ([0-9]+).*/\1 runs, \2 edges/p' "$TMPDIR/$1.log" | tail -n 1
}

# finding NAME: where it is, where it was found, and what the harness says when asked again: one that
# keeps state may not do it twice.
finding() {
	local name=$1 file theirs='^(INFO|Running|Executed|NOTE|\*\*\*)|libc|fuzzer::|__sanitizer'
	file=$(sed -n 's/.*Test unit written to //p' "$TMPDIR/$name.log" | tail -n 1)
	FAILED=$((FAILED + 1))
	if [ -z "$file" ]; then
		echo "FAIL $name: did not run"
		tail -n 15 "$TMPDIR/$name.log"
		return
	fi
	echo "FAIL $name: $file"
	grep -aE '^ +#[0-9]+ 0x' "$TMPDIR/$name.log" | grep -avE "$theirs" | head -n 15 || true
	timeout 60 "$BUILD/test/fuzz/fuzz_$name" "$file" 2>&1 </dev/null |
		grep -avE "$theirs" | head -n 40 || true
}

# Waits for one that runs, and says how it ended.
reap() {
	local pid rc=0 name since=$SECONDS
	# Polled: a progress line is due now and then, and only what we started is waited for.
	while :; do
		for pid in "${!PIDS[@]}"; do
			kill -0 "$pid" 2>/dev/null || break 2
		done
		sleep 0.2
		if [ $((SECONDS - since)) -ge 30 ]; then
			since=$SECONDS
			for pid in "${!PIDS[@]}"; do
				echo "...  ${PIDS[$pid]}: $(progress "${PIDS[$pid]}")"
			done
		fi
	done
	name=${PIDS[$pid]}
	unset "PIDS[$pid]"
	wait "$pid" || rc=$?
	if [ $rc = 0 ]; then
		echo "ok   $name: $(progress "$name")"
	else
		finding "$name"
	fi
}

merge() {
	local name before after
	for name in "${NAMES[@]}"; do
		before=$(find "$HERE/corpus/$name" -type f | wc -l)
		"$BUILD/test/fuzz/fuzz_$name" -merge=1 -use_counters=0 -close_fd_mask=3 "-max_len=$(max_len "$name")" \
			"$HERE/corpus/$name" "$BUILD/corpus/$name" >"$TMPDIR/$name.log" 2>&1 </dev/null || {
			tail -n 15 "$TMPDIR/$name.log" >&2
			exit 1
		}
		after=$(find "$HERE/corpus/$name" -type f | wc -l)
		echo "merged $name: $((after - before)) new inputs"
	done
}

leave() {
	local pid
	for pid in "${!PIDS[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	[ ! -d "${SCRATCH:-}" ] || rm -rf "$SCRATCH"
}

number() {
	[[ ${2:-} =~ ^[1-9][0-9]{0,5}$ ]] || {
		echo "run.sh: $1 takes a number" >&2
		exit 2
	}
	echo "$2"
}

declare -A PIDS=()
MINUTES='' SECONDS_EACH=5 MERGE='' FAILED=0 NAMES=()
while [ $# -gt 0 ]; do
	case $1 in
	--help | -h) usage && exit 0 ;;
	--list) all_harnesses && exit 0 ;;
	--build)
		build_harnesses
		exit
		;;
	--minutes) MINUTES=$(number "$@") && shift ;;
	--seconds) SECONDS_EACH=$(number "$@") && shift ;;
	--merge) MERGE=1 ;;
	*)
		[ -e "$HERE/fuzz_$1.c" ] || { usage >&2 && exit 2; }
		NAMES+=("$1")
		;;
	esac
	shift
done
[ ${#NAMES[@]} -gt 0 ] || mapfile -t NAMES < <(all_harnesses)
JOBS=$(nproc)
[ "$JOBS" -le ${#NAMES[@]} ] || JOBS=${#NAMES[@]}
# Rounds of $JOBS harnesses each, one after the other.
[ -z "$MINUTES" ] || SECONDS_EACH=$((MINUTES * 60 / ((${#NAMES[@]} + JOBS - 1) / JOBS)))

build_harnesses || exit 1
# Memory where there is some: harnesses of files write one per input.
SCRATCH=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")" ovnet-fuzz.XXXXXX)
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
export TMPDIR=$SCRATCH
export UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}

for name in "${NAMES[@]}"; do
	[ ${#PIDS[@]} -lt "$JOBS" ] || reap
	start "$name"
done
while [ ${#PIDS[@]} -gt 0 ]; do
	reap
done
[ "$FAILED" = 0 ] || exit 1
[ -z "$MERGE" ] || merge
