#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The underlay interface is down at start: the daemon names it and the command that helps, and
# waits; after that command there is traffic without another start.
. "$(dirname "$0")/lib.sh"

lab_up
linux_host b
host_add a ovnet
on a ip link set dev eth0 down
ovnetd_start a
within 10 "the log names the interface and the cure" logged a "eth0 is down.*ip link set eth0 up"
on a ip link set dev eth0 up
on a ip route replace default via "$LAB_GATEWAY"
ovnetd_wait a 40
pod_add a
reach a b
all_arrive b a 62
