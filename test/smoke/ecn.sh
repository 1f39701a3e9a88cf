#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Congestion on the way (RFC 6040): the mark of the packet inside is on the outer header, a switch
# that sets CE there is heard in the pod, from and to the kernel's vxlan device, and CE over a
# packet that is not ECN capable is a loss, counted.
# runs: asan
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/ecn.sh"

lab_up
ovnet_host a
linux_host b
ovnet_host c
ecn_watch a b c
ecn_outer a b
ecn_passes a b
ecn_passes b a
ecn_passes a c
ecn_illegal b a
ecn_illegal c a
