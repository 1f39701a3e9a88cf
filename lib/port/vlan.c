/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/vlan.h"

#include <stdbool.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#define MACS ((size_t)2 * RTE_ETHER_ADDR_LEN)
#define VID  0xfff /* of the tag; the rest is priority and drop eligibility */

uint16_t ovnet_vlan_tag(struct rte_mbuf **pkts, uint16_t n, uint16_t vid)
{
	const uint32_t tag = rte_cpu_to_be_32((uint32_t)RTE_ETHER_TYPE_VLAN << 16 | vid);
	uint16_t i;

	for (i = 0; i < n; i++) {
		char *at = rte_pktmbuf_prepend(pkts[i], OVNET_VLAN_BYTES);
		if (at == NULL)
			break;
		memmove(at, at + OVNET_VLAN_BYTES, MACS);
		memcpy(at + MACS, &tag, sizeof(tag));
	}
	return i;
}

static void untag(struct rte_mbuf *m)
{
	char *at = rte_pktmbuf_mtod(m, char *);

	memmove(at + OVNET_VLAN_BYTES, at, MACS);
	rte_pktmbuf_adj(m, OVNET_VLAN_BYTES);
}

void ovnet_vlan_untag(struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		untag(pkts[i]);
}

/* Without its tag, if it has that. */
static bool is_of(struct rte_mbuf *m, uint16_t vid)
{
	uint32_t tag;

	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		return (m->vlan_tci & VID) == vid;
	if (m->data_len < MACS + sizeof(tag))
		return false;
	memcpy(&tag, rte_pktmbuf_mtod_offset(m, const char *, MACS), sizeof(tag));
	tag = rte_be_to_cpu_32(tag);
	if (tag >> 16 != RTE_ETHER_TYPE_VLAN || (tag & VID) != vid)
		return false;
	untag(m);
	return true;
}

uint16_t ovnet_vlan_only(struct rte_mbuf **pkts, uint16_t n, uint16_t vid)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++)
		if (is_of(pkts[i], vid))
			pkts[kept++] = pkts[i];
		else
			rte_pktmbuf_free(pkts[i]);
	return kept;
}
