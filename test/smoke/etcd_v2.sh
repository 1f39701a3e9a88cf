#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The lease tree of flanneld up to v0.17: in etcd's v2 API. Found without being told; a lease
# that comes after etcd was away is seen.
# runs: asan
LAB_ETCD_API=v2
. "$(dirname "$0")/lib.sh"

lab_up
linux_host b
host_add a ovnet
LAB_ETCD_API=auto ovnetd_start a
ovnetd_wait a
pod_add a
reach a b
reach b a
equal "transport in status" v2 "$(ctl a status | json .etcd.transport)"
equal "keys of v3" "" "$(etcdctl get --prefix --keys-only /)"
equal "the lease's TTL, in hours" 24 "$(v2_keys "$(lease_key "$(subnet a)")" |
	json '.node.ttl / 3600 | ceil')"

etcd_stop
reach a b
etcd_start
linux_host c
reach a c
reach c a
