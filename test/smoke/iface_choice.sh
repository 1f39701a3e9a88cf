#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# flanneld's ways to the underlay interface: the first of several names, a pattern, the route to an
# address, the node's own public-ip, the default route.
. "$(dirname "$0")/lib.sh"

# chooses INTERFACE ADDRESS [FLAG...]
chooses() {
	: >"$LAB_DIR/a/log"
	ovnetd_start a "${@:3}"
	ovnetd_wait a
	logged a "using interface with name $1 and address ${2//./\\.} " ||
		fail "${*:3}: wanted $1, $2: $(grep 'using interface' "$LAB_DIR/a/log")"
	ovnetd_stop a
}
lab_up
host_add a ovnet
cable a eth1 fabric a1
ip -n "$LAB-fabric" link set dev a1 master fab0
ip -n "$LAB-a" addr add 10.168.0.200/24 dev eth1
ip -n "$LAB-a" addr add 172.20.3.9/16 dev eth1
ip -n "$LAB-a" route add 192.0.2.0/24 via 172.20.0.1 dev eth1
first=$(host_ip a)

export LAB_IFACE=''
chooses eth0 "$first"
chooses eth1 10.168.0.200 --iface=nosuch0 --iface=eth1 --iface=eth0
chooses eth1 172.20.3.9 --iface-regex='172\.20\.[0-9]+'
chooses eth1 10.168.0.200 --iface-regex='^e.*1$'
chooses eth1 10.168.0.200 --iface-regex='^wlan' --iface-regex='^e.*1$' --iface-regex='^eth0$'
chooses eth1 172.20.3.9 --iface-can-reach=192.0.2.7
# Each way only where those before it find nothing.
chooses eth0 "$first" --iface=nosuch0 --iface=eth0 --iface-regex='^eth1$' --iface-can-reach=192.0.2.7
chooses eth1 10.168.0.200 --iface=nosuch0 --iface-regex='^eth1$'
chooses eth1 172.20.3.9 --iface=nosuch0 --iface-regex='^wlan' --iface-can-reach=192.0.2.7
chooses eth1 10.168.0.200 --public-ip=10.168.0.200
chooses eth0 "$first" --public-ip=10.168.0.201
chooses eth0 "$first" --public-ip=10.168.0.200 --iface=eth0
ovnetd_refuses a 'no interface has .*"\^wlan" matches' --iface-regex='^wlan'
ip -n "$LAB-a" route add unreachable 198.51.100.0/24
ovnetd_refuses a 'no route to 198\.51\.100\.1' --iface-can-reach=198.51.100.1
