#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Runs ovnet's benchmarks; builds them first where needed.
set -eu

usage()
{
	cat <<END
usage: perf/run.sh VERB [options]

  stages   TSC cycles per packet of encap and decap, in all and by stage, in one process
             --json FILE    write the figures there too
             --quick        seconds instead of minutes, noisier
             --level LEVEL  x86-64-v2, x86-64-v3 or x86-64-v4 instead of the CPU's best
             --backend NAME vxlan4, vxlan6, vxlan6-0 (checksum 0), udp4, host-gw or host-gw6 only

  leases   ovnetd and a full lease tree in a real etcd (root, network namespaces): first sync,
           a storm of changes, latency of single ones, resync, memory
             --json FILE    write the figures there too
             --leases N     256 to 65536 (default) leases, our own included
             --quick        8192 leases, fewer changes

  core     ovnetd as a bench node (leases from a file, a generator on an attach port, a DPDK uplink, no
           host device) and testpmd with the same ports, in turn: Mpps, TSC cycles per packet, ratio.
           What comes out is compared byte by byte before anything is measured. Root, two CPUs, some
           ten minutes; reserves hugepages and gives them back
             --json FILE    write the figures there too
             --quick        64 byte frames, short turns, noisier
             --verify       compare contents only, measure nothing
             --path encap|decap, --size 64|imix|1400, --peers 1|4096, --sink null|memif
                            these rows only

  ports    a thousand ports are added and removed over the control socket, while two others carry traffic
           at a steady rate: packets lost, and what is not there again (packet buffers, open files,
           memory). Exit status 1 if anything is lost or leaked. Root, about a minute
             --json FILE    write the figures there too
             --rounds N     so many ports instead of 1000
             --rate PPS     packets per second, 5000 if not said

  host     from pod to pod behind the kernels of two hosts, ovnet beside the kernel's own vxlan device,
           in turn: Gbit/s and CPU seconds per GB of TCP and UDP, 1 and 4 streams, underlay with and
           without offloads; round trips, idle and loaded; packets of 64 bytes by each uplink driver.
           Contents are compared before anything is measured. Root, two CPUs, some ten minutes
             --vs kernel    (has to be said; there is no other one yet)
             --json FILE    write the figures there too
             --quick        short turns, noisier
             --verify       compare contents only, measure nothing
             --driver NAME  the uplink driver, instead of what ovnetd chooses
             --rounds N     turns of each contender instead of 5
             --proto tcp|udp, --streams 1|4, --offload true|false, --only streams|latency|rate
                            these only

  idle     a node with ports nothing comes by: percent of a core it takes, and how long a packet takes
           through a worker that sleeps, and through one that never does. Root, half a minute
             --json FILE    write the figures there too
             --quick        fewer packets, noisier

BUILD=DIR in the environment: the build directory (default: build, made as a release build).
END
}

root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$root/build}

built()
{
	[ -f "$build/build.ninja" ] || meson setup --buildtype=release "$build" "$root" >&2
	ninja -C "$build" "$@" >&2
}

verb=${1:---help}
shift || true
case $verb in
stages)
	built perf/stages
	exec "$build/perf/stages" "$@"
	;;
leases)
	built perf/lease_load app/ovnetd/ovnetd app/ovnetctl/ovnetctl
	exec "$root/perf/leases.sh" "$build" "$@"
	;;
core)
	built app/ovnetd/ovnetd app/ovnetctl/ovnetctl
	exec "$root/perf/core.sh" "$build" "$@"
	;;
ports)
	built app/ovnetd/ovnetd app/ovnetctl/ovnetctl
	exec "$root/perf/ports.sh" "$build" "$@"
	;;
host)
	built perf/udp_rate app/ovnetd/ovnetd app/ovnetctl/ovnetctl
	exec "$root/perf/host.sh" "$build" "$@"
	;;
idle)
	built app/ovnetd/ovnetd app/ovnetctl/ovnetctl
	exec "$root/perf/idle.sh" "$build" "$@"
	;;
-h | --help | help)
	usage
	;;
*)
	usage >&2
	exit 2
	;;
esac
