#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A lease whose host does not answer ARP: packets to it are counted drops, other peers are not
# disturbed; the host comes up: its traffic flows by itself.
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a
host_add b linux
port_down b
linux_join b
pod_add b
linux_host c
reach a c
routed() {
	on a ip route show "$(subnet b)" | grep -q ovnet0
}
within 5 "a has a route to b's subnet" routed
expect "b is out of reach" unreachable a b
within 5 "drops are counted as neighbour-pending" dropped a neighbour-pending 1
all_arrive a c 62
port_up b
reach a b
reach b a
all_arrive a b 62
