#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A network config that is no JSON, or lacks what it needs: said clearly, with the key, and
# tried again; once it is right the daemon goes on by itself.
. "$(dirname "$0")/lib.sh"

lab_up '{"Network":"10.5.0.0/16",'
host_add a ovnet
ovnetd_start a
within 10 "the log names the key" logged a "$PREFIX/config"
netconf '{"SubnetLen":24,"Backend":{"Type":"vxlan"}}'
within 15 "flannel's words for no network" logged a "please define a correct Network parameter"
expect "it is still waiting" [ ! -e "$LAB_DIR/a/subnet.env" ]
netconf "$NETCONF"
ovnetd_wait a 20
