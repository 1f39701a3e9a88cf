/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/reply.h"

#include <rte_cycles.h>

int ovnet_local_bound(const struct ovnet_endpoint *e, const struct ovnet_port *port,
	const struct rte_ether_hdr *eth, const struct rte_ether_addr *mac)
{
	if (is_elsewhere(e, port))
		return OVNET_DROP_FOREIGN_SOURCE;
	return is_from_mac(eth, &e->mac) && same_mac(mac, eth->src_addr.addr_bytes)
		       ? PASS
		       : OVNET_DROP_SOURCE_MAC;
}

bool ovnet_local_limited(struct ovnet_path_ctx *ctx, const struct ovnet_port *port)
{
	if (ovnet_rate_take(&ctx->replies[port->id], rte_rdtsc()))
		return false;
	ctx->counters->answers_limited++;
	return true;
}

struct rte_mbuf *ovnet_local_reply(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *m, uint16_t len, int *why)
{
	*why = TAKEN;
	if (ovnet_local_limited(ctx, port))
		return NULL;
	*why = OVNET_DROP_NO_MBUF;
	if (rte_pktmbuf_data_room_size(m->pool) < RTE_PKTMBUF_HEADROOM + len)
		return NULL;
	struct rte_mbuf *r = rte_pktmbuf_alloc(m->pool);
	if (r == NULL)
		return NULL;
	*why = PASS;
	r->data_len = len;
	r->pkt_len = len;
	ovnet_meta_reset(r, port->id);
	ovnet_meta(r)->src_version = 0;
	ovnet_meta(r)->flags |= OVNET_META_ANSWER;
	ovnet_meta(r)->out_port = port->id;
	ctx->counters->answers++;
	return r;
}
