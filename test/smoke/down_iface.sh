#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The underlay interface is down at start: the daemon names it and the command that helps, and
# ends for its supervisor to try again; after that command it starts.
. "$(dirname "$0")/lib.sh"

lab_up
linux_host b
host_add a ovnet
on a ip link set eth0 down
ovnetd_refuses a "eth0'? is down.*ip link set dev eth0 up"
on a ip link set dev eth0 up
on a ip route replace default via "$LAB_GATEWAY"
ovnetd_start a
ovnetd_wait a
pod_add a
reach a b
