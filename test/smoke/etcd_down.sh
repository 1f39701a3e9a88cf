#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# etcd goes away: not one packet is lost and the daemon says so; etcd comes back: the daemon
# reconnects by itself and sees who joined.
. "$(dirname "$0")/lib.sh"

connected() {
	[ "$(ctl a status | jq .etcd.connected)" = "$1" ]
}

lab_up
ovnet_host a
linux_host b
reach a b
etcd_stop
within 10 "status says that etcd is away" connected false
read -r got _ < <(ping_figures 200 0.01 in_pod a ping "$(pod_ip b)")
equal "answers to 200 pings without etcd" 200 "$got"
expect "the log says so" logged a "etcd"

etcd_start
within 15 "the daemon reconnects" connected true
linux_host c
reach a c
reach c a
lease_delete "$(subnet b)"
within 5 "a lease that goes takes its peer along" unreachable a b
