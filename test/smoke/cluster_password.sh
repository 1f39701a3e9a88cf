#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# etcd with users: the password is changed and a daemon that connects anew says so and goes on
# forwarding; it is changed back, and the daemon is back. Tokens die with etcd: it asks for others.
. "$(dirname "$0")/lib.sh"

passwd() {
	ETCDCTL_USER=root:root etcdctl user passwd --interactive=false flannel <<<"$1" >/dev/null
}

cluster_up
etcdctl user add root:root >/dev/null
etcdctl user add flannel:secret >/dev/null
etcdctl user grant-role root root >/dev/null
etcdctl role add flannel >/dev/null
etcdctl role grant-permission --prefix flannel readwrite "$PREFIX/" >/dev/null
etcdctl user grant-role flannel flannel >/dev/null
etcdctl auth enable >/dev/null
export ETCDCTL_USER=flannel:secret
cluster_hosts --etcd-username=flannel --etcd-password=secret

passwd other
host_cut a
host_join a
within 20 "a is refused" says a "check etcd.username and etcd.password"
fake_peer 200 2>/dev/null && fail "the old password is good for a lease"
passwd secret
within 20 "a is back" connected a true

members_kill9
members_start
within 30 "a is back after etcd" connected a true
within 30 "b is back after etcd" connected b true
within 10 "a lease can be written" fake_peer 201
within 5 "a sees it" sees a 201
flow_ends
tree_as_flannel
