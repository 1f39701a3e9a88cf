#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# An interface that is not there: named, with the way to see what there is.
. "$(dirname "$0")/lib.sh"

lab_up
host_add a ovnet
export LAB_IFACE=nosuch0
ovnetd_refuses a "nosuch0.*ip "
export LAB_IFACE=192.0.2.77
ovnetd_refuses a "192.0.2.77.*ip "
ovnetd_refuses a "192.0.2.77,nosuch0.*ip " --iface=nosuch0
export LAB_IFACE=eth0
ip -n "$LAB-a" addr flush dev eth0
ovnetd_refuses a "eth0 has no IPv4 address"
