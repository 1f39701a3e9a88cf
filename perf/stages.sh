#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The packet path without devices, as perf/stages measures it, with hugepages; runs by perf/run.sh stages.
export OVNET_BUILD=$1
BENCH=stages
. "$(dirname "$0")/lib/verb.sh"
shift

usage() {
	cat <<-END
		usage: perf/run.sh stages [OPTION...]

		TSC cycles per packet of encap and decap, in all and by stage, in one process, without a device,
		beside the floor under any encapsulation. Every packet is compared with what it has to be.

		  --json FILE    write the figures there too
		  --quick        seconds instead of minutes, noisier
		  --level LEVEL  x86-64-v2, x86-64-v3 or x86-64-v4 instead of the CPU's best
		  --backend NAME vxlan4, vxlan6, vxlan6-0 (checksum 0), udp4, host-gw, host-gw6,
		                 vxlan4+host-gw or vxlan4+vxlan6 (peers of both kinds) only
		  --path encap|decap, --size 64|imix|1400, --peers 1|256|4096|65536
		                 these rows only
		  --pages 4k     packets in 4 KB pages only
	END
}

OPTIONS=() PARTLY=''
while [ $# -gt 0 ]; do
	case $1 in
	--json) json_file "${2:?--json takes a file}" && shift ;;
	--help | -h) usage && exit 0 ;;
	--quick) QUICK=yes && OPTIONS+=("$1") ;;
	*) OPTIONS+=("$1") PARTLY=yes ;;
	esac
	shift
done

# Whoever may not reserve hugepages measures all the same.
room() {
	if [ "$(id -u)" = 0 ]; then
		lab_create
		choose_memory 192
	else
		say "stages: WARNING: not root, so no hugepages: all figures are of 4 KB pages, and worse"
		LAB_DIR=$(mktemp -d)
		trap 'rm -rf "$LAB_DIR"' EXIT
	fi
}

room
quiet_begin
"$OVNET_BUILD/perf/stages" --json "$LAB_DIR/all.json" "${OPTIONS[@]}"
if [ -z "$PARTLY" ]; then
	printf '\nThe same with packets in 4 KB pages:\n'
	"$OVNET_BUILD/perf/stages" --json "$LAB_DIR/small.json" --pages 4k "${OPTIONS[@]}"
fi
jq -s '.[0] + {rows: (map(.rows) | add)}' "$LAB_DIR/all.json" \
	"$(ls "$LAB_DIR/small.json" 2>/dev/null || echo /dev/null)" >"$LAB_DIR/stages.json"
quiet_end
result_keep "$LAB_DIR/stages.json"
