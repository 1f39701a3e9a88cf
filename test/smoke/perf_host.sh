#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Both contenders of perf/run.sh host, without its stop-watch: what pods send each other through ovnet
# and through the kernel's vxlan arrives unchanged, with the underlay's offloads and without.
# runs: asan
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
exec "$root/perf/host.sh" "${OVNET_BUILD:-$root/build}" --vs kernel --verify
