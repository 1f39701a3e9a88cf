#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A kernel vxlan device holds the overlay's UDP port (flanneld was here): the daemon names the
# port and the cure and ends; with the device gone it starts.
. "$(dirname "$0")/lib.sh"

lab_up
host_add a ovnet
on a ip link add flannel.1 type vxlan id 1 dev eth0 dstport 8472 nolearning
on a ip link set flannel.1 up
ovnetd_refuses a "8472.*(vxlan|flannel.1)|(vxlan|flannel.1).*8472"
on a ip link del flannel.1
ovnetd_start a
ovnetd_wait a
