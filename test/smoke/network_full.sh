#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Every subnet is taken: the daemon says so, waits, and takes the first one that gets free.
. "$(dirname "$0")/lib.sh"

lab_up '{"Network":"10.5.0.0/24","SubnetLen":26,"Backend":{"Type":"vxlan"}}'
for n in 64 128 192; do
	lease_create "10.5.0.$n/26" "{\"PublicIP\":\"10.168.0.$n\",\"PublicIPv6\":null,\
\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"02:00:00:00:00:$n\"}}"
done
host_add a ovnet
ovnetd_start a
within 15 "the log says that the network is full" logged a "all 3 subnets of 10.5.0.0/24 .* are leased"
expect "no subnet.env" [ ! -e "$LAB_DIR/a/subnet.env" ]
lease_delete 10.5.0.128/26
ovnetd_wait a 40
equal "the subnet" 10.5.0.128/26 "$(subnet a)"
