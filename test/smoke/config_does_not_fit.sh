#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Network configs that can never work, in flannel's own words; corrected, the daemon goes on. A
# backend it does not have ends it.
. "$(dirname "$0")/lib.sh"

lab_up '{"Network":"10.5.0.0/16","SubnetLen":31,"Backend":{"Type":"vxlan"}}'
host_add a ovnet
ovnetd_start a
within 15 "SubnetLen" logged a "SubnetLen must be less than /31"
netconf '{"Network":"10.5.0.0/16","SubnetLen":17,"Backend":{"Type":"vxlan"}}'
within 15 "four subnets" logged a "network must be able to accommodate at least four subnets"
netconf '{"Network":"10.5.0.0/30","Backend":{"Type":"vxlan"}}'
within 15 "too small" logged a "network is too small. Minimum useful network prefix is /28"
netconf "$NETCONF"
ovnetd_wait a 20

host_add b ovnet
netconf '{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan","MTU":49}}'
ovnetd_refuses b "Backend.MTU 49"
netconf '{"Network":"10.5.0.0/16","Backend":{"Type":"ipip"}}'
ovnetd_refuses b "ipip"
