#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# host-gw on an AF_PACKET uplink leaves routed packets to the kernel, whose strict reverse path
# filter refuses them there, as the way back is by the host device: a warning says what to do, and
# goes when it is done.
export LAB_BACKEND=host-gw
. "$(dirname "$0")/lib.sh"

strict() {
	ctl a status | jq -e '.warnings | any(test("net.ipv4.conf.eth0.rp_filter=2"))'
}
loose() {
	! strict
}
lab_up
host_add a ovnet
on a sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1
ovnetd_start a --uplink=iface=eth0,driver=af_packet
ovnetd_wait a
pod_add a
linux_host b
within 5 "a warning about the filter" strict
! ping_once b a || fail "the kernel does not filter: the warning is void"
on a sysctl -qw net.ipv4.conf.eth0.rp_filter=2
reach b a
reach a b
within 20 "the warning goes" loose
