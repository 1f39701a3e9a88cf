#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# An underlay with jumbo frames: the overlay takes what it has, with the kernel's vxlan device as
# peer, to the last byte both ways; Backend.MTU takes less of it.
LAB_MTU=9000
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a
linux_host b
backend_both_ways a b 4 8950 62
equal "FLANNEL_MTU" 8950 "$(env_value a MTU)"
equal "MTU of the host device" 8950 "$(on a cat /sys/class/net/ovnet0/mtu)"

ovnetd_stop a
netconf '{"Network":"10.5.0.0/16","SubnetLen":24,"Backend":{"Type":"vxlan","MTU":4000}}'
for h in c d; do
	ovnet_host $h
	equal "FLANNEL_MTU on $h with Backend.MTU" 3950 "$(env_value $h MTU)"
done
backend_both_ways c d 4 3950 62
