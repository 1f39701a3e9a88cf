#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Without the capabilities it needs: named, with the cure, and a non-zero status.
. "$(dirname "$0")/lib.sh"

lab_create
ns_add a
# By file descriptor: the tree may lie where only root can look.
exec 8<"$OVNETD"
rc=0
out=$(on a setpriv --reuid=65534 --regid=65534 --clear-groups timeout 10 /proc/self/fd/8 \
	--etcd-endpoints=http://127.0.0.1:1 --iface=lo "--control-socket=/tmp/$LAB.sock" 2>&1) || rc=$?
[ $rc != 0 ] || fail "exit status 0"
[ $rc -lt 124 ] || fail "exit status $rc"
expect "what is missing and what to do in: $out" grep -Eq "CAP_NET_ADMIN.*root" <<<"$out"
