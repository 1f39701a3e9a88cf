#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# As ecn.sh, with the udp backend: between ovnet nodes marks pass both ways; flanneld's own packets
# have no mark outside, and what a switch puts there all the same is heard.
export LAB_BACKEND=udp
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/ecn.sh"

lab_up
ovnet_host a
linux_host b
ovnet_host c
ecn_watch a b c
ecn_outer a b
ecn_passes a c
ecn_passes c a
ecn_illegal b a
ecn_illegal c a
congest "ecn set ce"
equal "ECT(0) from flanneld, marked on the way" "0 0 0 3" "$(ecn_seen b a 2)"
calm
