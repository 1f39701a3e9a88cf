#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The bench node of perf/run.sh core, without its stop-watch: every byte of what passes between an
# attach port and an uplink of DPDK's, both ways, for one peer and for 4,096.
# runs: asan
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
exec "$root/perf/core.sh" "${OVNET_BUILD:-$root/build}" --verify --quick
