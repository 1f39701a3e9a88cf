#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# subnet.env is byte for byte what flanneld writes, and readable by everybody.
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a
key=$(etcdctl get --prefix --keys-only "$PREFIX/subnets/" | sed -n 1p)
net=${key##*/}
equal "subnet.env" "FLANNEL_NETWORK=10.5.0.0/16
FLANNEL_SUBNET=$(address_plus "${net%-*}" 1)/24
FLANNEL_MTU=1450
FLANNEL_IPMASQ=false" "$(cat "$LAB_DIR/a/subnet.env")"
equal "its mode" 644 "$(stat -c %a "$LAB_DIR/a/subnet.env")"
equal "lines that end in a newline" 4 "$(wc -l <"$LAB_DIR/a/subnet.env")"
equal "keys under subnets" 1 "$(etcdctl get --prefix --keys-only "$PREFIX/subnets" | grep -c .)"
