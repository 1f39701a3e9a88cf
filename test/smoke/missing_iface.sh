#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# An interface that is not there: named, with the way to see what there is. Of several, as
# flanneld takes them, the first that is there.
. "$(dirname "$0")/lib.sh"

lab_up
host_add a ovnet
export LAB_IFACE=nosuch0
ovnetd_refuses a "nosuch0.*ip "
export LAB_IFACE=192.0.2.77
ovnetd_refuses a "192.0.2.77.*ip "
ovnetd_refuses a "192.0.2.77,nosuch0.*ip " --iface=nosuch0
ovnetd_start a --iface=nosuch0 --iface="$(host_ip a)" --iface=lo
ovnetd_wait a
expect "the first there is" logged a "using interface with name eth0"
ovnetd_stop a
cable a eth1 fabric a1
ip -n "$LAB-fabric" link set dev a1 master fab0
ip -n "$LAB-a" addr add 10.168.0.200/24 dev eth1
export LAB_IFACE=''
ovnetd_start a --public-ip=10.168.0.200
ovnetd_wait a
expect "the one that has public-ip" logged a "name eth1 and address 10.168.0.200"
ovnetd_stop a
ovnetd_start a --public-ip=10.168.0.201
ovnetd_wait a
expect "the default route's" logged a "name eth0 and address $(host_ip a)"
ovnetd_stop a
export LAB_IFACE=eth0
ip -n "$LAB-a" addr flush dev eth0
ovnetd_refuses a "eth0 has no IPv4 address"
