/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What classify and decap ask of an IPv4 header. Private to lib/path.
 */
#ifndef OVNET_PATH_IP4_H
#define OVNET_PATH_IP4_H

#include <netinet/in.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "packet/segments.h"
#include "path/source_check.h"

#define IP4_MIN 20u
#define IP4_MAX 60u

static inline unsigned ip4_header_len(const struct rte_ipv4_hdr *ip)
{
	return (ip->version_ihl & 0x0fu) * 4;
}

static inline bool ip4_is_fragment(const struct rte_ipv4_hdr *ip)
{
	return (ip->fragment_offset & RTE_BE16(0x3fff)) != 0;
}

/*
 * Is there a whole IPv4 header at the start of `avail` contiguous bytes, and does the packet, `len`
 * bytes from there on, hold what it states? PASS or a drop reason.
 */
static inline int ip4_check(const struct rte_ipv4_hdr *ip, uint32_t avail, uint32_t len)
{
	if (unlikely(avail < IP4_MIN))
		return OVNET_DROP_TRUNCATED;
	unsigned header = ip4_header_len(ip), total = rte_be_to_cpu_16(ip->total_length);
	if (unlikely(ip->version_ihl >> 4 != 4 || header < IP4_MIN || total < header))
		return OVNET_DROP_BAD_IP;
	if (unlikely(total > len || header > avail))
		return OVNET_DROP_TRUNCATED;
	return PASS;
}

/*
 * Gets the first `want` bytes, or the whole packet if it is shorter, into the first segment.
 * Afterwards a header that does not fit data_len does not fit the packet.
 */
static inline int headers_pull(struct rte_mbuf *m, uint16_t want)
{
	if (likely(m->data_len >= want || m->nb_segs == 1))
		return PASS;
	uint16_t len = (uint16_t)RTE_MIN(m->pkt_len, (uint32_t)want);
	return ovnet_pull(m, len) == 0 ? PASS : OVNET_DROP_NO_HEADROOM;
}

/* Takes `len` bytes, all in the first segment, off the front. */
static inline void strip(struct rte_mbuf *m, uint16_t len)
{
	m->data_off += len;
	m->data_len -= len;
	m->pkt_len -= len;
}

/* Whatever follows the IP packet is padding of the link below. */
static inline void trim_to(struct rte_mbuf *m, uint32_t len)
{
	if (likely(m->pkt_len == len))
		return;
	if (likely(m->nb_segs == 1)) {
		m->pkt_len = len;
		m->data_len = (uint16_t)len;
	} else {
		ovnet_trim(m, len);
	}
}

#endif
