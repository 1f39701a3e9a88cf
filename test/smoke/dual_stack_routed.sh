#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A dual-stack cluster without tunnels: host-gw, then vxlan with DirectRouting, both IP versions both
# ways with plain kernel routes as peers; the whole MTU of the underlay with host-gw, that of VXLAN
# with DirectRouting.
export LAB_DUAL=1
if [ $# = 0 ]; then
	"$0" host-gw && exec "$0" direct
	exit
fi
case $1 in
host-gw) export LAB_BACKEND=host-gw MTU=1500 ;;
direct) export LAB_DIRECT=1 MTU=1450 ;;
esac
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a
linux_host b
ovnet_host c

for peer in b c; do
	backend_both_ways a $peer 4 "$MTU" 62
	backend_both_ways a $peer 6 "$MTU" 62
done
equal "ways to the peers" "direct direct direct direct" \
	"$(ctl a peers | jq -r '[.[].encap] | join(" ")')"
# The kernel's own reports of multicast groups come from "::".
equal "reasons packets were refused for" "" \
	"$(ctl a drops | jq -r '[.[] | select(.last_source != "::") | .reason] | join(" ")')"
