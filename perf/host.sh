#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Pods behind the kernels of two hosts, joined by ovnetd, beside the same hosts joined by the kernel's
# own vxlan device; runs by perf/run.sh host. Contents are compared before anything is measured.
export OVNET_BUILD=$1
export OVNET_LANE=${OVNET_LANE:-auto} # as preset
parts=$(dirname "$0")/host
BENCH=host
. "$(dirname "$0")/lib/verb.sh"
shift
for part in pair cpu stream latency rate report; do
	# shellcheck source=/dev/null
	. "$parts/$part.sh"
done

ROUNDS=5 WINDOW=3 PINGS=400 VS=kernel DRIVER=auto VERIFY_ONLY=''
PROTOS='tcp udp' STREAMS='1 4' OFFLOADS='true false' ONLY=''

usage() {
	cat <<-END
		usage: perf/run.sh host [OPTION...]

		From pod to pod behind the kernels of two hosts, ovnet beside the kernel's own vxlan device,
		in turn: Gbit/s and CPU seconds per GB of TCP and UDP, 1 and 4 streams, underlay with and
		without offloads; round trips, idle and loaded; packets of 64 bytes by each uplink driver.
		Contents are compared before anything is measured. Some ten minutes.

		  --vs kernel    (there is no other one yet)
		  --json FILE    write the figures there too
		  --quick        short turns, noisier
		  --verify       compare contents only, measure nothing
		  --driver NAME  the uplink driver, instead of what ovnetd chooses
		  --rounds N     turns of each contender instead of 5
		  --proto tcp|udp, --streams 1|4, --offload true|false, --only streams|latency|rate
		                 these only
	END
}

while [ $# -gt 0 ]; do
	case $1 in
	--vs) VS=${2:-} && shift ;;
	--json) json_file "${2:?--json takes a file}" && shift ;;
	--driver) DRIVER=${2:?--driver takes the name of an uplink driver} && shift ;;
	--proto) PROTOS=${2:?--proto takes tcp or udp} && shift ;;
	--streams) STREAMS=${2:?--streams takes 1 or 4} && shift ;;
	--offload) OFFLOADS=${2:?--offload takes true or false} && shift ;;
	--rounds) ROUNDS=${2:?--rounds takes a number} && shift ;;
	--only) ONLY=${2:?--only takes streams, latency or rate} && shift ;;
	--verify) VERIFY_ONLY=yes ;;
	--quick) QUICK=yes ROUNDS=2 WINDOW=1 PINGS=100 ;;
	*) other_option "$1" ;;
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

STARTED=$(now_us)
CONTENDERS='ovnet kernel'
lab_create
choose_memory 256
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
