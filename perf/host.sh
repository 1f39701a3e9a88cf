#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Pods behind the kernels of two hosts, joined by ovnetd, beside the same hosts joined by the kernel's
# own vxlan device; runs by perf/run.sh host. Contents are compared before anything is measured.
export OVNET_BUILD=$1
export OVNET_LANE=${OVNET_LANE:-auto} # as preset
parts=$(dirname "$0")/host
. "$(dirname "$0")/../test/smoke/lib.sh"
shift
for part in pair quiet cpu stream latency rate report; do
	# shellcheck source=/dev/null
	. "$parts/$part.sh"
done

ROUNDS=5 WINDOW=3 PINGS=400 QUICK='' JSON='' VS='' DRIVER=auto VERIFY_ONLY=''
PROTOS='tcp udp' STREAMS='1 4' OFFLOADS='true false' ONLY=''
while [ $# -gt 0 ]; do
	case $1 in
	--vs) VS=${2:-} && shift ;;
	--json) JSON=$(realpath -m -- "${2:?--json takes a file}") && shift ;;
	--driver) DRIVER=${2:?--driver takes the name of an uplink driver} && shift ;;
	--proto) PROTOS=${2:?--proto takes tcp or udp} && shift ;;
	--streams) STREAMS=${2:?--streams takes 1 or 4} && shift ;;
	--offload) OFFLOADS=${2:?--offload takes true or false} && shift ;;
	--rounds) ROUNDS=${2:?--rounds takes a number} && shift ;;
	--only) ONLY=${2:?--only takes streams, latency or rate} && shift ;;
	--verify) VERIFY_ONLY=yes ;;
	--quick) QUICK=yes ROUNDS=2 WINDOW=1 PINGS=100 ;;
	*) fail "host: unknown option $1; see perf/run.sh --help" ;;
	esac
	shift
done
[ "$VS" = kernel ] || fail "host: --vs takes kernel"
[[ $PROTOS =~ ^(tcp|udp|tcp udp)$ ]] || fail "host: --proto takes tcp or udp, not '$PROTOS'"
[[ $STREAMS =~ ^(1|4|1 4)$ ]] || fail "host: --streams takes 1 or 4, not '$STREAMS'"
[[ $OFFLOADS =~ ^(true|false|true false)$ ]] ||
	fail "host: --offload takes true or false, not '$OFFLOADS'"
[[ $ROUNDS =~ ^[1-9][0-9]?$ ]] || fail "host: --rounds takes 1 to 99, not '$ROUNDS'"
[[ $ONLY =~ ^(|streams|latency|rate)$ ]] ||
	fail "host: --only takes streams, latency or rate, not '$ONLY'"

# wanted PART: is it to be measured?
wanted() {
	[ -z "$ONLY" ] || [ "$ONLY" = "$1" ]
}

# progress WHAT...: beside the time that has passed.
progress() {
	say "host: [$(printf %6s "$(seconds_since "$STARTED")") s] $*"
}

# Memory as an operator's daemons would have it.
choose_memory() {
	MEMORY="2 MB hugepages"
	hugepages_hold 256 && return
	say "host: WARNING: without hugepages (reason above) ovnet is a little slower"
	MEMORY="4 KB pages"
}

STARTED=$(now_us) BENCH=host
CONTENDERS='ovnet kernel'
lab_create
choose_memory
quiet_begin
pair_up kernel
pair_up ovnet
UPLINK_DRIVER=$(uplink_driver)
for offload in $OFFLOADS; do
	offload_set "$offload"
	for contender in $CONTENDERS; do
		verify "$contender" "$offload"
	done
done
if [ -n "$VERIFY_ONLY" ]; then
	say "host: what is sent through ovnet and through the kernel arrives unchanged, both ways"
	exit 0
fi
touch "$LAB_DIR"/{streams,latency,rates}
for offload in $OFFLOADS; do
	offload_set "$offload"
	! wanted latency || latency "$offload"
	! wanted streams || streams "$offload"
done
! wanted rate || rates
quiet_end
report
