/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The 802.1Q tag of an uplink that is in a VLAN, put on and taken off in software: the bytes are in
 * the cache, and every NIC can. Pure. Packets of one buffer; `vid` is 1 to 4094.
 */
#ifndef OVNET_PORT_VLAN_H
#define OVNET_PORT_VLAN_H

#include <stdint.h>

#include <rte_mbuf.h>

#define OVNET_VLAN_BYTES 4

/* Tags a prefix of `pkts`, returns how many: the one behind it has no room in front. Priority 0. */
uint16_t ovnet_vlan_tag(struct rte_mbuf **pkts, uint16_t n, uint16_t vid);
/* Undoes that. */
void ovnet_vlan_untag(struct rte_mbuf **pkts, uint16_t n);
/*
 * Keeps what has that tag, without it, whatever its priority; in order. The rest is freed: others'
 * VLANs, no VLAN, VLAN 0. A NIC may have taken the tag off already (RTE_MBUF_F_RX_VLAN_STRIPPED).
 */
uint16_t ovnet_vlan_only(struct rte_mbuf **pkts, uint16_t n, uint16_t vid);

#endif
