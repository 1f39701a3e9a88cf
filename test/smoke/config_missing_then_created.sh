#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Started before the operator wrote the network config: the daemon says which key it waits for
# and goes on by itself once it is there.
. "$(dirname "$0")/lib.sh"

lab_create
fabric_up
etcd_start
host_add a ovnet
ovnetd_start a
within 10 "the log names the key" logged a "$PREFIX/config"
expect "no subnet.env yet" [ ! -e "$LAB_DIR/a/subnet.env" ]
expect "no lease yet" [ -z "$(etcdctl get --prefix "$PREFIX/subnets")" ]
netconf "$NETCONF"
ovnetd_wait a 15
pod_add a
linux_host b
reach a b
