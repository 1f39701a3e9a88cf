/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet headers of a port's link. Private to lib/path.
 */
#ifndef OVNET_PATH_LINK_H
#define OVNET_PATH_LINK_H

#include <string.h>

#include <rte_ether.h>

#include "path/source_check.h"

static inline bool same_mac(const struct rte_ether_addr *a, const uint8_t b[6])
{
	uint32_t a_low, b_low;
	uint16_t a_high, b_high;

	memcpy(&a_low, a->addr_bytes, 4);
	memcpy(&a_high, a->addr_bytes + 4, 2);
	memcpy(&b_low, b, 4);
	memcpy(&b_high, b + 4, 2);
	return ((a_low ^ b_low) | (uint32_t)(a_high ^ b_high)) == 0;
}

/* The header that was stripped off such a packet, still in front of its data. */
static inline const struct rte_ether_hdr *link_of(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, const struct rte_ether_hdr *) - 1;
}

static inline bool is_group(const struct rte_ether_addr *a)
{
	return a->addr_bytes[0] & 1;
}

/* All zero: not known. */
static inline bool has_mac(const struct ovnet_mac *mac)
{
	static const struct ovnet_mac none;

	return memcmp(mac, &none, sizeof(none)) != 0;
}

/*
 * May a packet that came with this header be from `mac`? Where that is not known: from any one.
 */
static inline bool is_from_mac(const struct rte_ether_hdr *eth, const struct ovnet_mac *mac)
{
	return has_mac(mac) ? same_mac(&eth->src_addr, mac->b) : !is_group(&eth->src_addr);
}

/*
 * Is this endpoint at that port, and may the packet be from it? Both in one comparison, which is
 * what mostly is enough: the two bytes in front of the source address make room for the port.
 */
static __rte_always_inline bool is_from_endpoint(
	const struct rte_ether_hdr *eth, const struct ovnet_endpoint *e, uint16_t port)
{
	uint64_t came, lives;

	memcpy(&came, (const uint8_t *)&eth->src_addr - sizeof(port), sizeof(came));
	memcpy(&lives, e, sizeof(lives));
	came = (came & ~(uint64_t)UINT16_MAX) | port;
	return likely(came == lives) || (e->port == port && is_from_mac(eth, &e->mac));
}

/* In front of a packet that leaves by a port with Ethernet headers. */
static inline int push_ethernet(struct rte_mbuf *m, const struct ovnet_port *port,
	const struct ovnet_mac *to, rte_be16_t type)
{
	const struct ovnet_mac mac = ovnet_port_mac(port);

	if (unlikely(m->data_off < RTE_ETHER_HDR_LEN))
		return OVNET_DROP_NO_HEADROOM;
	m->data_off -= RTE_ETHER_HDR_LEN;
	m->data_len += RTE_ETHER_HDR_LEN;
	m->pkt_len += RTE_ETHER_HDR_LEN;
	ovnet_meta(m)->csum_start += RTE_ETHER_HDR_LEN;

	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	memcpy(&eth->dst_addr, to->b, sizeof(to->b));
	memcpy(&eth->src_addr, mac.b, sizeof(mac.b));
	eth->ether_type = type;
	return PASS;
}

/* The Ethernet type of an IP packet. */
static inline rte_be16_t link_type(const struct ovnet_meta *meta)
{
	return meta->ip_version == 6 ? RTE_BE16(RTE_ETHER_TYPE_IPV6)
				     : RTE_BE16(RTE_ETHER_TYPE_IPV4);
}

#endif
