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
             --quick        seconds instead of half a minute, noisier
             --level LEVEL  x86-64-v2, x86-64-v3 or x86-64-v4 instead of the CPU's best

BUILD=DIR in the environment: the build directory (default: build, made as a release build).
END
}

root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$root/build}

built()
{
	[ -f "$build/build.ninja" ] || meson setup --buildtype=release "$build" "$root" >&2
	ninja -C "$build" "$1" >&2
}

verb=${1:---help}
shift || true
case $verb in
stages)
	built perf/stages
	exec "$build/perf/stages" "$@"
	;;
-h | --help | help)
	usage
	;;
*)
	usage >&2
	exit 2
	;;
esac
