#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A veth as uplink: what its other end leaves unfinished XDP passes on unfinished, and pods drop it.
# The log says so, and its cure is one. On AF_PACKET there is nothing to say.
. "$(dirname "$0")/lib.sh"

# offload on|off: of what c sends, to the other end of a's veth.
offload() {
	on c ethtool -K eth0 tx "$1" >/dev/null
	on fabric ethtool -K a tx "$1" >/dev/null
}
# arrives: a SYN from c's pod, which a's answers with a reset.
arrives() {
	local said
	said=$(in_pod c nc -v -n -z -w 1 "$(pod_ip a)" 9 2>&1 || true)
	[[ $said == *refused* ]]
}
lab_up
ovnet_host a --uplink=iface=eth0,driver=af_xdp
ovnet_host b --uplink=iface=eth0,driver=af_packet
linux_host c
reach a c
expect "a says what may come by a veth" logged a "eth0' is a veth.*ethtool -K PEER tx off"
expect "b does not" eval '! logged b "is a veth"'
equal "health" "$(ctl b status | json .health)" "$(ctl a status | json .health)"
expect "segments arrive" arrives
offload on
! arrives || fail "checksums arrive finished: the warning is void"
offload off
expect "8 MB from c to a arrive unchanged" tcp_copy c a 8
