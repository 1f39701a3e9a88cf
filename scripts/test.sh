#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs the tests: a line for each, with its time, the reason for a skip, and the end of its log
# when it fails. The last line counts them; the one before says which needed a second try, and why.
set -euo pipefail
. "$(dirname "$0")/../test/smoke/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/build.sh"
set +eE

PARTS="build lint unit smoke demo perf asan fuzz"
# Smoke tests that run under the sanitizers too unless --full runs all of them there: together they
# go through every data plane, door, transport, and way to start and end.
ASAN_SMOKE=" backend_host_gw backend_udp bad_packets cleanup cold_start_without_etcd config_changes \
direct_routing dual_stack ecn etcd_down_tls etcd_v2 header_options hostile_packets lease_command \
lease_lost many_leases masquerade outer_fragments path_mtu spoofing spoofing_ipv6 static_registry uplink_changes vdev_uplink "

usage() {
	cat <<-END
		usage: scripts/test.sh [build|lint|unit|smoke|demo|perf|asan|fuzz]... [--full]

		  build  gcc and clang, warnings are errors
		  lint   scripts/lint.sh and its self-test
		  unit   cmocka suites
		  smoke  test/smoke/*.sh: network namespaces, a real etcd, kernel vxlan peers
		  demo   scripts/demo.sh
		  perf   the benchmarks in short: that they run and give their figures
		  asan   unit and smoke with AddressSanitizer and UndefinedBehaviorSanitizer
		  fuzz   each harness of test/fuzz for a few seconds; test/fuzz/run.sh for longer
		  --full adds what takes long

		Without a part: all of them. Installs what is missing, builds what it runs.
		Logs are in build/test-logs/last. One smoke test: test/smoke/NAME.sh
	END
}

WANT='' FULL='' PASSED=0 FAILED=0 SKIPPED=0 AGAIN=()
for arg in "$@"; do
	case $arg in
	--help | -h) usage && exit 0 ;;
	--full) FULL=1 && export OVNET_FULL=1 ;;
	*)
		[[ " $PARTS " == *" $arg "* ]] || { usage >&2 && exit 2; }
		WANT+=" $arg "
		;;
	esac
done
[ -n "$WANT" ] || WANT=" $PARTS "

BUILD=$OVNET_ROOT/build
LOGS=$BUILD/test-logs/$$

wanted() {
	[[ $WANT == *" $1 "* ]]
}

# result WORD NAME SECONDS [REASON]
result() {
	printf '%-4s %-42s %7.2f s%s\n' "$1" "$2" "$3" "${4:+  ($4)}"
	case $1 in
	ok) PASSED=$((PASSED + 1)) ;;
	skip) SKIPPED=$((SKIPPED + 1)) ;;
	*) FAILED=$((FAILED + 1)) ;;
	esac
}

log_of() {
	echo "$LOGS/${1//\//-}.log"
}

# attempt NAME COMMAND...: one test, its output in a log of that name, status and time beside it. A
# job of its own with a process group of its own: the end of this script is the end of it all.
attempt() {
	local log start child rc=0
	log=$(log_of "$1")
	start=$(now_us)
	trap 'kill -TERM -- "-$child"; wait "$child"; exit 143' TERM
	set -m
	"${@:2}" >"$log" 2>&1 </dev/null &
	child=$!
	set +m
	wait "$child" || rc=$?
	echo "$rc $(seconds_since "$start")" >"$log.status"
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
	if [ "$rc" != 0 ] && [ "$rc" != 77 ] && [[ $name == *smoke/* || $name == demo/* ]]; then
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

attempt_alone() {
	attempt "$@" &
	wait $!
}

run() {
	attempt_alone "$@"
	conclude "$@"
}

# unit_failure JSON NAME: cmocka's word on the first case that failed.
unit_failure() {
	jq -r --arg n "$2" 'select(.name | endswith($n)) | .stdout, .stderr // empty' "$1" |
		grep -am 1 -B 4 'FAILED  \]' | paste -sd ' ' | cut -c -300 | grep . || echo "no case named"
}

# unit PREFIX DIR FACTOR: every suite of a build; FACTOR stretches meson's time limits.
unit() {
	local log="unit-$$" name outcome seconds
	meson test -C "$2" --no-rebuild --logbase "$log" -t "$3" >"$LOGS/$1unit.log" 2>&1 </dev/null
	if [ ! -s "$2/meson-logs/$log.json" ]; then
		result FAIL "$1unit" 0 "meson test did not run, log: $LOGS/$1unit.log"
		return
	fi
	while IFS=$'\t' read -r name outcome seconds; do
		case $outcome in
		OK) result ok "$1unit/$name" "$seconds" ;;
		FAIL | TIMEOUT)
			if meson test -C "$2" --no-rebuild --logbase "$log-$name" -t "$3" "$name" \
				>"$LOGS/$1unit-$name.second.log" 2>&1 </dev/null; then
				result ok "$1unit/$name" "$seconds" "second try; the first: $outcome"
				outcome=OK
				AGAIN+=("$1unit/$name ($(unit_failure "$2/meson-logs/$log.json" "$name"))")
			else
				result FAIL "$1unit/$name" "$seconds" "$outcome, twice"
			fi
			rm -f "$2/meson-logs/$log-$name".*
			;;
		SKIP) result skip "$1unit/$name" "$seconds" "see $LOGS/$1unit-$name.log" ;;
		*) result FAIL "$1unit/$name" "$seconds" "$outcome" ;;
		esac
		jq -r --arg n "$name" 'select(.name | endswith($n)) | .stdout, .stderr // empty' \
			"$2/meson-logs/$log.json" >"$LOGS/$1unit-$name.log"
		[ "$outcome" = OK ] || tail -n 30 "$LOGS/$1unit-$name.log" | sed 's/^/     | /'
	done < <(jq -r '[(.name | split("[:/ ]+"; null)[-1]), .result, .duration]
		| @tsv' "$2/meson-logs/$log.json")
	rm -f "$2/meson-logs/$log".*
}

# Those that count on the machine: its time, its CPUs, its hugepages, or Ctrl-C.
is_alone() {
	[[ $1 == cluster_* || $1 == demo_* || $1 == *kill9* || $1 == *cpu || " hugepages no_hugepages \
		many_leases multi_queue two_workers host_device_hurt tcp_kernel_peer " == *" $1 "* ]]
}

# smoke_names PREFIX: the scripts to run against a build.
smoke_names() {
	local script name
	for script in "$OVNET_ROOT"/test/smoke/*.sh; do
		name=$(basename "$script" .sh)
		[ "$name" != lib ] || continue
		# The demo builds and runs what is in build/, there is nothing else to see in it.
		[[ $1 != asan-* || $name != demo_* ]] || continue
		[[ $1 != asan-* || -n $FULL || $ASAN_SMOKE == *" $name "* ]] || continue
		echo "$name"
	done
}

# smoke PREFIX DIR SECONDS: labs are apart from each other and mostly wait: two at a time.
smoke() {
	local name pid name_done
	local -A names=()
	SMOKE=(env "OVNET_BUILD=$2" timeout -s ALRM -k 60 "$3")
	for name in $(smoke_names "$1"); do
		is_alone "$name" && continue
		[ ${#names[@]} -lt 2 ] || smoke_wait "$1"
		attempt "$1smoke/$name" "${SMOKE[@]}" "$OVNET_ROOT/test/smoke/$name.sh" &
		names[$!]=$name
	done
	while [ ${#names[@]} -gt 0 ]; do
		smoke_wait "$1"
	done
	for name in $(smoke_names "$1"); do
		! is_alone "$name" ||
			run "$1smoke/$name" "${SMOKE[@]}" "$OVNET_ROOT/test/smoke/$name.sh"
	done
}

# smoke_wait PREFIX: for the next of smoke's tests to end.
smoke_wait() {
	wait -n -p pid "${!names[@]}"
	name_done=${names[$pid]}
	unset "names[$pid]"
	conclude "$1smoke/$name_done" "${SMOKE[@]}" "$OVNET_ROOT/test/smoke/$name_done.sh"
}

# build NAME DIR [MESON_OPTION...]: once per run, however many parts need it.
declare -A BUILT
build() {
	local name=$1 dir=$2
	shift
	[ -n "${BUILT[$name]:-}" ] || {
		BUILT[$name]=no
		! run "build/$name" build_tree "$@" || BUILT[$name]=yes
	}
	[ "${BUILT[$name]}" = yes ]
}

build_gcc() {
	CC=gcc build gcc "$BUILD" -Dwerror=true
}

part_build() {
	build_gcc
	CC=clang build clang "$OVNET_ROOT/build-clang" -Dwerror=true
}

part_lint() {
	local check
	for check in $("$OVNET_ROOT/scripts/lint.sh" --list); do
		run "lint/$check" "$OVNET_ROOT/scripts/lint.sh" "$check"
	done
	run lint/selftest "$OVNET_ROOT/test/lint/selftest.sh"
}

part_unit() {
	build_gcc && unit '' "$BUILD" 1
}

part_smoke() {
	build_gcc && smoke '' "$BUILD" $((FULL ? 240 : 120))
}

part_demo() {
	build_gcc || return
	run demo/default "$OVNET_ROOT/scripts/demo.sh" --json "$LOGS/demo.json"
	run demo/v2 "$OVNET_ROOT/scripts/demo.sh" --etcd-api v2
	run demo/tls-grpc "$OVNET_ROOT/scripts/demo.sh" --tls --etcd-transport grpc
	run demo/udp "$OVNET_ROOT/scripts/demo.sh" --backend udp
	run demo/host-gw "$OVNET_ROOT/scripts/demo.sh" --backend host-gw
	run demo/direct-routing "$OVNET_ROOT/scripts/demo.sh" --backend vxlan --direct-routing
	run demo/dual-stack "$OVNET_ROOT/scripts/demo.sh" --dual-stack
	[ -z "$FULL" ] || run demo/hosts-4 "$OVNET_ROOT/scripts/demo.sh" --hosts 4
}

# perf_keys VERB FILTER: it runs and gives its figures; how fast is nobody's business here.
perf_keys() {
	"$OVNET_ROOT/perf/run.sh" "$1" --quick --json "$LOGS/perf-$1.json" &&
		jq -e "$2" "$LOGS/perf-$1.json" >/dev/null
}

part_perf() {
	build_gcc || return
	run perf/stages perf_keys stages '[.rows[] | select(.cycles_per_packet > 0)
		| .backend + " " + .validation] | unique
		| contains(["vxlan4 strict", "vxlan4 off", "vxlan6 strict", "vxlan6 off", "udp4 strict",
			"udp4 off", "host-gw strict", "host-gw off"])'
	run perf/leases perf_keys leases '[.leases, .sync_s, .resync_s, .event_ms_p50, .event_ms_p99,
		.loop_stall_ms_max, .rss_mb] | all(type == "number")'
}

part_asan() {
	local dir=$OVNET_ROOT/build-asan
	CC=gcc build asan "$dir" -Db_sanitize=address,undefined --buildtype=debugoptimized || return
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 unit asan- "$dir" 4
	OVNET_SLOW=1 smoke asan- "$dir" 300
}

part_fuzz() {
	local name
	run build/fuzz "$OVNET_ROOT/test/fuzz/run.sh" --build || return
	for name in $("$OVNET_ROOT/test/fuzz/run.sh" --list); do
		run "fuzz/$name" "$OVNET_ROOT/test/fuzz/run.sh" --seconds $((FULL ? 60 : 3)) "$name"
	done
}

finish() {
	trap - EXIT
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null && wait
	hugepages_leave 2>/dev/null
	printf '%s needed a second try%s\n' "${#AGAIN[@]}" "$(
		printf ', %s' "${AGAIN[@]}" | sed '1s/^,/:/; s/^: $//')"
	echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	[ "$FAILED" = 0 ] && [ "${1:-0}" = 0 ]
	exit
}

"$OVNET_ROOT/scripts/install-deps.sh" || exit 1
for old in "$BUILD"/test-logs/[0-9]*; do
	[ -d "/proc/${old##*/}" ] || rm -rf "$old"
done
mkdir -p "$LOGS"
ln -sfn $$ "$BUILD/test-logs/last"
trap 'finish 1' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# One reservation for all tests; without it ovnetd runs on 4K pages.
if wanted unit || wanted smoke || wanted asan; then
	[ "$(id -u)" = 0 ] && hugepages_hold 384 2>"$LOGS/hugepages.log" ||
		echo "no hugepages, tests run on 4K pages: $(tail -n 1 "$LOGS/hugepages.log" 2>/dev/null)"
fi
for part in $PARTS; do
	! wanted "$part" || "part_$part"
done
finish 0
