#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs the tests: a line for each, with its time, the reason for a skip, and the end of its log
# when it fails. The last line counts them; the one before says which needed a second try, and why.
set -euo pipefail
. "$(dirname "$0")/../test/smoke/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/build.sh"
. "$OVNET_ROOT/test/smoke/lib/attempts.sh"
set +eE

PARTS="build lint unit smoke demo perf asan fuzz debian13"

usage() {
	cat <<-END
		usage: scripts/test.sh [build|lint|unit|smoke|demo|perf|asan|fuzz|debian13]... [--full]

		  build  gcc and clang, warnings are errors
		  lint   scripts/lint.sh and its self-test
		  unit   cmocka suites
		  smoke  test/smoke/*.sh: network namespaces, a real etcd, kernel vxlan peers
		  demo   scripts/demo.sh
		  perf   the benchmarks in short: that they run and give their figures
		  asan   unit and smoke with AddressSanitizer and UndefinedBehaviorSanitizer
		  fuzz   each harness of test/fuzz for a few seconds; test/fuzz/run.sh for longer
		  debian13
		         build, unit, demo and package on Debian 13: see scripts/in-debian.sh
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

# unit_failure JSON NAME: cmocka's word on the first case that failed.
unit_failure() {
	local said
	said=$(jq -r --arg n "$2" 'select(.name | endswith($n)) | .stdout, .stderr // empty' "$1" |
		grep -aE '^\[  FAILED  \] |^ERROR: |: error: ' | awk 'NR <= 3' | paste -sd ' ' | cut -c -300)
	echo "${said:-no case named}"
}

# unit PREFIX DIR FACTOR [COMMAND...]: every suite of a build; FACTOR stretches meson's time limits,
# COMMAND runs meson where the build is at home.
unit() {
	local log="unit-$$" name outcome seconds meson=("${@:4}" meson)
	# The long ones wait for an etcd or the kernel.
	"${meson[@]}" test -C "$2" --no-rebuild --num-processes 6 --logbase "$log" -t "$3" \
		>"$LOGS/$1unit.log" 2>&1 </dev/null
	if [ ! -s "$2/meson-logs/$log.json" ]; then
		result FAIL "$1unit" 0 "meson test did not run, log: $LOGS/$1unit.log"
		return
	fi
	while IFS=$'\t' read -r name outcome seconds; do
		case $outcome in
		OK) result ok "$1unit/$name" "$seconds" ;;
		FAIL | TIMEOUT)
			if "${meson[@]}" test -C "$2" --no-rebuild --logbase "$log-$name" -t "$3" "$name" \
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

# runs SCRIPT WORD: it says so itself, "# runs: alone asan" before its first command.
#   alone  counts on the machine: its CPUs, its hugepages, or Ctrl-C
#   long   takes longest, so it begins first, and may take twice as long as others
#   asan   under the sanitizers too, as all do with --full: together these go through every data
#          plane, driver, transport, and way to start and end
runs() {
	sed -n '/^[^#]/q; s/^# runs:/&/p' "$1" | grep -qw "$2"
}

# smoke_scripts DIR: those to run against a build.
smoke_scripts() {
	local script
	for script in "$OVNET_ROOT"/test/smoke/*.sh; do
		[ "${script##*/}" != lib.sh ] || continue
		[ "$1" = "$BUILD" ] || runs "$script" asan || [ -n "$FULL" ] || continue
		# The demo builds and runs what is in build/, there is nothing else to see in it.
		[ "$1" = "$BUILD" ] || [[ $script != */demo_* ]] || continue
		echo "$script"
	done
}

# smoke_one WAY PREFIX DIR SECONDS SCRIPT: WAY is run or begin.
smoke_one() {
	local seconds=$4
	! runs "$5" long || seconds=$((seconds * 2))
	"$1" "$2smoke/$(basename "$5" .sh)" env "OVNET_BUILD=$3" timeout -s ALRM -k 60 "$seconds" "$5"
}

# smoke PREFIX DIR SECONDS: labs are apart from each other and mostly wait: side by side.
smoke() {
	local script scripts
	mapfile -t scripts < <(smoke_scripts "$2")
	for script in "${scripts[@]}"; do
		runs "$script" alone || ! runs "$script" long || smoke_one begin "$@" "$script"
	done
	for script in "${scripts[@]}"; do
		runs "$script" alone || runs "$script" long || smoke_one begin "$@" "$script"
	done
	drain
	for script in "${scripts[@]}"; do
		! runs "$script" alone || smoke_one run "$@" "$script"
	done
}

# build NAME DIR [MESON_OPTION...]: once per run, however many parts need it.
declare -A BUILT
build() {
	local name=$1
	shift
	[ -n "${BUILT[$name]:-}" ] || {
		BUILT[$name]=no
		! its_turn "build/$name" build_tree "$@" || BUILT[$name]=yes
	}
	[ "${BUILT[$name]}" = yes ]
}

build_gcc() {
	CC=gcc build gcc "$BUILD" -Dwerror=true
}

# clang's warnings and its sanitizers in one build. A third of what that took went into optimizing what
# is checked anyway, and debug information that its traces do not show.
ASAN=("$OVNET_ROOT/build-asan" -Dwerror=true "-Db_sanitize=address,undefined" -Db_lundef=false
	--buildtype=debugoptimized --optimization=1 -Dc_args=-g1)
DEBIAN13=("$OVNET_ROOT/scripts/in-debian.sh" trixie)
DEBIAN13_GCC=("$OVNET_ROOT/build-debian13" -Dwerror=true)
# For its warnings, none of which needs the optimizer.
DEBIAN13_CLANG=("$OVNET_ROOT/build-debian13-clang" -Dwerror=true --optimization=0)

# build_debian13 COMPILER DIR [MESON_OPTION...]
build_debian13() {
	"${DEBIAN13[@]}" env "CC=$1" "OVNET_ROOT=$OVNET_ROOT" bash -c '. "$0" && build_tree "$@"' \
		"$OVNET_ROOT/test/smoke/lib/build.sh" "${@:2}"
}

# Tests wait more than they compute: what the later parts need is built meanwhile.
build_ahead() {
	wanted unit || wanted smoke || wanted demo || return
	build_gcc || return
	! wanted asan && ! wanted build || CC=clang ahead build/asan build_tree "${ASAN[@]}"
	! wanted fuzz || ahead build/fuzz "$OVNET_ROOT/test/fuzz/run.sh" --build
	! wanted debian13 || ahead debian13/build-gcc build_debian13 gcc "${DEBIAN13_GCC[@]}"
	! wanted debian13 || ahead debian13/build-clang build_debian13 clang "${DEBIAN13_CLANG[@]}"
}

build_asan() {
	CC=clang build asan "${ASAN[@]}"
}

part_build() {
	build_gcc
	[ -n "${AHEAD[build/asan]:-}" ] || build_asan
}

part_lint() {
	local LANES=2 check
	begin lint/selftest "$OVNET_ROOT/test/lint/selftest.sh"
	for check in $("$OVNET_ROOT/scripts/lint.sh" --list); do
		begin "lint/$check" "$OVNET_ROOT/scripts/lint.sh" "$check"
	done
	drain
}

part_unit() {
	build_gcc && unit '' "$BUILD" 1
}

part_smoke() {
	build_gcc && smoke '' "$BUILD" $((FULL ? 480 : 240))
}

part_demo() {
	local LANES=2
	build_gcc || return
	run demo/default "$OVNET_ROOT/scripts/demo.sh" --json "$LOGS/demo.json"
	# By far the longest: the others end beside it.
	begin demo/dual-stack-vm "$OVNET_ROOT/scripts/demo.sh" --dual-stack --vm
	begin demo/docker "$OVNET_ROOT/scripts/demo.sh" --docker
	begin demo/v2 "$OVNET_ROOT/scripts/demo.sh" --etcd-api v2
	begin demo/tls-grpc "$OVNET_ROOT/scripts/demo.sh" --tls --etcd-transport grpc
	begin demo/udp "$OVNET_ROOT/scripts/demo.sh" --backend udp
	begin demo/host-gw "$OVNET_ROOT/scripts/demo.sh" --backend host-gw
	begin demo/direct-routing "$OVNET_ROOT/scripts/demo.sh" --backend vxlan --direct-routing
	begin demo/swap "$OVNET_ROOT/scripts/demo.sh" --swap --json "$LOGS/demo-swap.json"
	[ -z "$FULL" ] || begin demo/hosts-4 "$OVNET_ROOT/scripts/demo.sh" --hosts 4
	drain
}

# perf_keys VERB FILTER [OPTION...]: it runs and gives its figures; how fast is nobody's business here.
perf_keys() {
	"$OVNET_ROOT/perf/run.sh" "$1" --quick --json "$LOGS/perf-$1.json" "${@:3}" &&
		jq -e "$2" "$LOGS/perf-$1.json" >/dev/null
}

part_perf() {
	build_gcc || return
	run perf/pktgen "$OVNET_ROOT/test/perf/pktgen.sh"
	run perf/all "$OVNET_ROOT/test/perf/all.sh"
	run perf/trex "$OVNET_ROOT/test/perf/trex.py"
	run perf/report "$OVNET_ROOT/test/perf/report.sh"
	run perf/stages perf_keys stages '[.rows[] | select(.cycles_per_packet > 0)
		| .backend + " " + .validation] | unique
		| contains(["vxlan4 strict", "vxlan4 off", "vxlan6 strict", "vxlan6 off", "udp4 strict",
			"udp4 off", "host-gw strict", "host-gw off"])'
	run perf/leases perf_keys leases '[.leases, .sync_s, .resync_s, .event_ms_p50, .event_ms_p99,
		.loop_stall_ms_max, .rss_mb] | all(type == "number")'
	# Contents of all cases: smoke/perf_core.
	run perf/core perf_keys core '[.rows[] | select(.mpps > 0 and .cycles_per_packet > 0)
		| {path, contender, ratio: (.ratio_to_ovnet > 0)}] | unique | length == 4' \
		--peers 4096 --sink memif
	run perf/core-ovs perf_keys core '[.rows[] | select(.mpps > 0 and .cycles_per_packet > 0) | .contender] | unique
		== ["ovnet", "ovs"]' --vs ovs --path decap --peers 4096 --sink null
	run perf/pvp "$OVNET_ROOT/perf/run.sh" pvp --verify --size imix --peers 4096
	run perf/latency perf_keys latency '[.rows[] | select(.p50_us > 0 and .p999_us >= .p99_us
		and .ratio_to_testpmd > 0) | .contender] == ["ovnet", "testpmd"]' --path encap --load 50
	run perf/rfc2544 perf_keys rfc2544 '[.rows[] | .throughput_pps, .p99_us, .back_to_back_frames,
		(.loss[0].percent)] | length == 4 and all(. > 0)' --path decap --trial 0.1
	run perf/scale perf_keys scale '[.rows[] | select(.mpps > 0 and .ratio_to_one > 0) | {workers, what}]
		| unique | length == 3' --path encap
	run perf/churn perf_keys churn '.lost == 0 and .sent > 0 and .p999_ratio > 0 and .events.leases >= 500 and
		.events.stats > 0 and .events.ports > 0 and .events.taps > 0' --rate 100000 --windows 25 --leases 500
	run perf/host perf_keys host '([.rows[] | select(.gbps > 0 and .cpu_s_per_gb > 0 and .rtt_us_p50 > 0)
		| {contender, proto, streams, underlay_offload}] | unique | length == 4) and
		([.rates[] | select(.kpps > 0) | .driver] | contains(["af_packet", "af_xdp", "vxlan"]))' \
		--vs kernel --rounds 1 --proto tcp --streams 1
	run perf/idle perf_keys idle '.lost == 0 and ([.cpu_percent, .wake_us_p50, .wake_us_p99, .awake_us_p50, .bare_us_p99]
		| all(type == "number"))'
}

part_asan() {
	build_asan || return
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 unit asan- "${ASAN[0]}" 4
	OVNET_SLOW=1 smoke asan- "${ASAN[0]}" 480
}

part_fuzz() {
	local LANES=2 name
	its_turn build/fuzz "$OVNET_ROOT/test/fuzz/run.sh" --build || return
	for name in $("$OVNET_ROOT/test/fuzz/run.sh" --list); do
		begin "fuzz/$name" "$OVNET_ROOT/test/fuzz/run.sh" --seconds $((FULL ? 60 : 3)) "$name"
	done
	drain
}

part_debian13() {
	its_turn debian13/build-gcc build_debian13 gcc "${DEBIAN13_GCC[@]}" || return
	its_turn debian13/build-clang build_debian13 clang "${DEBIAN13_CLANG[@]}"
	unit debian13- "${DEBIAN13_GCC[0]}" 1 "${DEBIAN13[@]}"
	run demo/debian13 "${DEBIAN13[@]}" env "OVNET_BUILD=${DEBIAN13_GCC[0]}" \
		"$OVNET_ROOT/scripts/demo.sh" --vm
	run debian13/package "${DEBIAN13[@]}" env "OVNET_BUILD=${DEBIAN13_GCC[0]}" \
		"$OVNET_ROOT/test/smoke/package.sh"
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
if wanted unit || wanted smoke || wanted asan || wanted debian13; then
	[ "$(id -u)" = 0 ] && hugepages_hold 384 2>"$LOGS/hugepages.log" ||
		echo "no hugepages, tests run on 4K pages: $(tail -n 1 "$LOGS/hugepages.log" 2>/dev/null)"
fi
build_ahead
for part in $PARTS; do
	! wanted "$part" || "part_$part"
done
! wanted build || build_asan
finish 0
