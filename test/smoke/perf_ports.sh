#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# perf/run.sh ports in short: fifty ports come and go while two others carry traffic, nothing is lost,
# and all there was is there again.
# runs: alone
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
exec "$root/perf/ports.sh" "${OVNET_BUILD:-$root/build}" --rounds 50 --rate 2000
