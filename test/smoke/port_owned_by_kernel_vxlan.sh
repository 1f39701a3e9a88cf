#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A kernel vxlan device of somebody else's holds the overlay's UDP port: the daemon names device,
# port and cure and ends, and what flannel left stays; with the device gone it starts.
. "$(dirname "$0")/lib.sh"

lab_up
host_add a ovnet
on a ip link add overlay7 type vxlan id 7 dev eth0 dstport 8472 nolearning
on a ip link set overlay7 up
on a ip link add flannel.1 type vxlan id 1 dev eth0 dstport 8472 nolearning
on a ip link set flannel.1 up
ovnetd_refuses a "8472 is taken by vxlan device overlay7.*ip link delete overlay7"
expect "flannel's device stays" on a ip link show flannel.1
on a ip link del overlay7
ovnetd_start a
ovnetd_wait a
expect "flannel's device went with it" eval "! on a ip link show flannel.1 2>/dev/null"
