/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the errors of both IP versions are made of. Private to lib/packet.
 */
#ifndef OVNET_PACKET_ICMP_QUOTE_H
#define OVNET_PACKET_ICMP_QUOTE_H

#include <string.h>

#include "packet/icmp_error.h"

#define HOPS 64

struct icmp_header {
	uint8_t type, code;
	uint16_t csum;
	rte_be32_t mtu; /* RFC 1191 leaves the upper half zero; no MTU here needs it */
};

struct icmp_kind {
	uint8_t type, code;
};

/* Room for `headers` bytes, and behind them the first `len` of the offender, if it has so many. */
static inline struct rte_mbuf *icmp_quote(
	struct rte_mempool *pool, struct rte_mbuf *offender, uint16_t headers, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (m == NULL)
		return NULL;
	len = RTE_MIN(len, offender->pkt_len);
	if (rte_pktmbuf_tailroom(m) < headers + len) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	char *to = rte_pktmbuf_mtod_offset(m, char *, headers);
	const void *from = rte_pktmbuf_read(offender, 0, len, to);
	if (from != to)
		memcpy(to, from, len);
	m->data_len = (uint16_t)(headers + len);
	m->pkt_len = m->data_len;
	return m;
}

static inline void icmp_put(
	struct icmp_header *icmp, const struct icmp_kind *kind, enum ovnet_icmp what, uint16_t mtu)
{
	*icmp = (struct icmp_header){.type = kind->type,
		.code = kind->code,
		.mtu = what == OVNET_ICMP_TOO_BIG ? rte_cpu_to_be_32(mtu) : 0};
}

static inline void icmp_meta(struct rte_mbuf *m, struct rte_mbuf *offender, uint8_t ip_version)
{
	struct ovnet_meta *meta = ovnet_meta(m);

	ovnet_meta_reset(m, ovnet_meta(offender)->in_port);
	meta->ip_version = ip_version;
	meta->l3_len = m->data_len;
	meta->src_version = 0;
	meta->hash = 0;
}

#endif
