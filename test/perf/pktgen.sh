#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# perf/pktgen without pktgen, which is not packaged: files for replay against perf/core's frames and a decoder, what the
# profiles ask against what pktgen knows, what the wrapper makes of its arguments.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
pktgen=$here/../../perf/pktgen
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
	echo "FAIL: pktgen.sh: $*" >&2
	exit 1
}

# profile NAME [SETTING...]: what it asks.
profile() {
	env OVNET_PKTGEN="$pktgen" OVNET_JSON="$dir/json" "${@:2}" lua5.4 "$here/pktgen.lua" "$pktgen/$1.lua" >"$dir/asked"
}

# asks LINE...: each of them is among it.
asks() {
	local line
	for line in "$@"; do
		grep -qxF -- "$line" "$dir/asked" || fail "no '$line' in: $(cat "$dir/asked")"
	done
}

"$here/pktgen_pcap.py" "$dir"
"$pktgen/make.py" pcap "$dir/d.pcap" --size imix
good=$(tshark -r "$dir/d.pcap" -d udp.port==8472,vxlan -o ip.check_checksum:TRUE \
	-Y 'vxlan.vni == 1 && udp.dstport == 5201 && !(ip.checksum.status == "Bad")' 2>/dev/null | wc -l)
[ "$good" = 4096 ] || fail "a decoder takes $good of 4096 frames for replay for VXLAN with UDP in it"

"$pktgen/make.py" node "$dir/node" --attach net_null0 --uplink net_null1
"${OVNET_BUILD:-$here/../../build}/app/ovnetd/ovnetd" --config "$dir/node/ovnet.conf" --check-config >/dev/null ||
	fail "ovnetd does not take the node's configuration: $(cat "$dir/node/ovnet.conf")"

profile one OVNET_SIZE=64
asks "set 0 size 68" "set_ipaddr 0 dst 10.0.0.2" "start 0" "stop 0" "quit "
jq -e '.profile == "one" and .sent == 1000 and .lost == 10' "$dir/json" >/dev/null || fail "one: $(cat "$dir/json")"
profile flows OVNET_FLOWS=500
asks "range.src_port 0 max 20499" "range.dst_ip 0 max 10.0.0.2" "set_range 0 on"
profile peers OVNET_PEERS=4096
asks "range.dst_ip 0 max 10.15.255.2" "range.dst_ip 0 inc 0.0.1.0"
profile imix OVNET_PEERS=256
asks "seqTable 0 0 10.0.0.2 68" "seqTable 5 0 10.0.5.2 1404" "set 0 seq_cnt 12"
profile replay OVNET_TX=0
asks "pcap 0 on"

run() {
	PATH=/usr/bin:/bin "$pktgen/run.sh" "$@" 2>&1
}

[[ $(run decap --tx 0000:3b:00.0 --dry-run) == *"--allow=0000:3b:00.0 -- -P -m 1.0 "*"replay.lua -s 0:"* ]] ||
	fail "decap by a NIC: $(run decap --tx 0000:3b:00.0 --dry-run)"
[[ $(run one --tx net_memif0,role=client --dry-run) == *"--vdev=net_memif0,role=client --no-pci "* ]] ||
	fail "one by memif: $(run one --tx net_memif0,role=client --dry-run)"
! run nonsense --tx x >/dev/null || fail "a profile that is not there is no error"
command -v pktgen >/dev/null || [[ $(run one --tx x || true) == *"no pktgen in PATH"* ]] ||
	fail "without pktgen: $(run one --tx x || true)"
echo "frames for replay, profiles and wrapper are as they have to be; pktgen itself did not run"
