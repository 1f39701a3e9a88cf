#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Without hugepages: the daemon runs on 4K pages, warns, and the traffic is the same.
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a --dpdk-hugepages=off
linux_host b
reach a b
all_arrive a b 62
expect "8 MB arrive unchanged" tcp_copy a b 8
expect "the warning" logged a "4K pages"
equal "memory in the status" "4K pages" "$(ctl a status | json .dpdk.memory)"
