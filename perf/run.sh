#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Runs ovnet's benchmarks; builds them first where needed.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$root/build}
daemon="app/ovnetd/ovnetd app/ovnetctl/ovnetctl"

# verb | what ninja builds for it | what it measures. It is run by perf/VERB.sh.
verbs()
{
	cat <<END
stages|perf/stages|cycles per packet of encap and decap, in all and by stage, in one process
core|$daemon|one worker beside other switches on the same ports: Mpps, cycles per packet
pvp|$daemon|from a guest to the overlay and back on one CPU: busy cycles per packet
host|perf/udp_rate $daemon|from pod to pod behind two hosts' kernels, beside the kernel's own vxlan
idle|$daemon|what a node with nothing to do costs, and how soon it is awake
leases|perf/lease_load $daemon|the control plane under a full lease tree in a real etcd
scale|$daemon|what a second worker brings, everything shared and leases changing
churn|perf/churn_node perf/churn_witness perf/lease_load perf/load/load app/ovnetctl/ovnetctl|what is lost while leases, ports, taps change and statistics are read
ports|$daemon|what is lost or leaked when ports come and go under load
latency|perf/load/load $daemon|how long frames take through a worker at 10, 50, 80 % of what it can do
rfc2544|perf/load/load $daemon|throughput without a loss, latency, loss and bursts by frame size, by RFC 2544
all||every verb in turn, for perf/report.sh
END
}

usage()
{
	cat <<END
usage: perf/run.sh VERB [--json FILE] [--quick] [OPTION...]
       perf/run.sh VERB --help         what it does, and all its options

$(verbs | awk -F'|' '{ printf "  %-9s%s\n", $1, $3 }')

  --json FILE  writes the figures there: machine, versions, commit, every sample (all: a directory)
  --quick      seconds instead of minutes, noisier

All but stages need root, most two CPUs; they reserve hugepages, and give them back. What would spoil the
figures is said, and is in the JSON too. perf/README.md says what they mean.
BUILD=DIR in the environment: the build directory (default: build, made as a release build).
END
}

# helps ARGUMENT...: nothing has to be built for that.
helps()
{
	for word in "$@"; do
		case $word in
		-h | --help) return 0 ;;
		esac
	done
	return 1
}

built()
{
	[ -f "$build/build.ninja" ] || meson setup --buildtype=release "$build" "$root" >&2
	ninja -C "$build" perf/tsc_hz "$@" >&2
}

verb=${1:---help}
[ $# = 0 ] || shift
case $verb in
-h | --help | help)
	usage
	exit 0
	;;
--list)
	verbs | cut -d'|' -f1
	exit 0
	;;
esac
targets=$(verbs | awk -F'|' -v verb="$verb" '$1 == verb { print $2; found = 1 } END { exit !found }') || {
	usage >&2
	exit 2
}
# shellcheck disable=SC2086
helps "$@" || built $targets
exec "$root/perf/$verb.sh" "$build" "$@"
