#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The same as etcd_down, over TLS, where requests share a connection: its end has to be noticed.
# runs: asan
LAB_ETCD_TLS=1 exec "$(dirname "$0")/etcd_down.sh"
