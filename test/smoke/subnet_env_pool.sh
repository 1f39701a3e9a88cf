#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# With a part of the subnet for VMs subnet.env says what is left for containers, behind flannel's
# lines, and docker is kept out of the VMs' part; a new start finds its subnet in it.
export LAB_DUAL=1
. "$(dirname "$0")/lib.sh"

value() {
	(
		. "$LAB_DIR/a/subnet.env"
		echo "${!1}"
	)
}

lab_up
host_add a ovnet
ovnetd_start a --vm-pool=/26
ovnetd_wait a
net=$(subnet a)
gw6=$(value FLANNEL_IPV6_SUBNET)
equal "names in it" "FLANNEL_NETWORK FLANNEL_SUBNET FLANNEL_IPV6_NETWORK FLANNEL_IPV6_SUBNET FLANNEL_MTU \
FLANNEL_IPMASQ OVNET_FIXED_CIDR OVNET_RANGE_START OVNET_RANGE_END OVNET_IPV6_RANGE_START \
OVNET_IPV6_RANGE_END" "$(cut -d= -f1 "$LAB_DIR/a/subnet.env" | paste -sd' ')"
equal "docker's part" "${net%/*}/25" "$(value OVNET_FIXED_CIDR)"
equal "host-local's" "$(address_plus "${net%/*}" 2) $(address_plus "${net%/*}" 191)" \
	"$(value OVNET_RANGE_START) $(value OVNET_RANGE_END)"
equal "its IPv6" "${gw6%1/*}2 ${gw6%1/*}bf" \
	"$(value OVNET_IPV6_RANGE_START) $(value OVNET_IPV6_RANGE_END)"
"$OVNET_ROOT/scripts/mk-docker-opts.sh" -f "$LAB_DIR/a/subnet.env" -d "$LAB_DIR/opts" -c
expect "docker's options" grep -q -- " --bip=${net%.*}.1/24 --fixed-cidr=${net%/*}/25 " "$LAB_DIR/opts"
ovnetd_stop a
ovnetd_start a
ovnetd_wait a
equal "the same subnet" "$net" "$(subnet a)"
equal "without a pool" 0 "$(grep -c OVNET "$LAB_DIR/a/subnet.env" || true)"
