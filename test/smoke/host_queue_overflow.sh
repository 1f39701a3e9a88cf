#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What the kernel drops at the host device, because no worker fetches it, is not lost in silence: a
# daemon that stands still for a moment under a flood says so afterwards, and is well again.
. "$(dirname "$0")/lib.sh"

QUEUE=1024 # of the host device

missed() {
	ctl a ports | jq '.[] | select(.role == "host") | .missed'
}
warns() {
	ctl a status | jq -e '.health == "degraded" and
		(.warnings | any(test("ovnet0 loses packets")))'
}
kernel_dropped() {
	on a ip -s -j link show dev ovnet0 | jq '.[0].stats64.tx.dropped'
}
truncated() {
	[ "$(drops a truncated)" -gt 0 ]
}
# flood N: packets from the pod to the other one's discard port.
flood() {
	in_pod a python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[2])):
    s.sendto(b"x", (sys.argv[1], 9))
' "$(pod_ip b)" "$1"
}
lab_up
ovnet_host a
linux_host b
reach a b
equal "MTU of the host device as ovnetctl says it" 1450 \
	"$(ctl a ports | jq '.[] | select(.role == "host") | .mtu')"
equal "length of its queue" $QUEUE "$(on a cat /sys/class/net/ovnet0/tx_queue_len)"
before=$(missed)
kill -STOP "$(ovnetd_pid a)"
flood $((QUEUE + 1000))
kill -CONT "$(ovnetd_pid a)"
within 10 "the daemon answers" ovnetd_running a
lost=$(($(missed) - before))
# The kernel's own multicast may be among what is kept.
expect "about 1000 packets counted as missed, not $lost" [ "$lost" -ge 1000 -a "$lost" -lt 1100 ]
equal "packets counted as drops of the device" "$(missed)" "$(drops a device-missed)"
expect "no more than the kernel dropped" [ "$(missed)" -le "$(kernel_dropped)" ]
within 10 "a warning" warns
all_arrive a b 62
# Neither is what no buffer holds.
on a ip link set dev ovnet0 mtu 9000
on a ping -q -c 1 -W 1 -M "do" -s 8000 "$(pod_ip b)" >/dev/null || true
within 5 "a drop of the port's" truncated
# A device made anew begins at nothing; the port does not.
had=$(missed)
on a ip link del ovnet0
reach a b
expect "the count goes on after the device was made anew" [ "$(missed)" -ge "$had" ]
expect "and so do the port's drops" truncated
