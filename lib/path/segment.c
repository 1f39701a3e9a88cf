/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_tcp.h>

#include "packet/csum_sum.h"

#include "path/level.h"

/* Does TCP say that it has answered congestion? Only the first segment may go on saying so. */
static bool has_cwr(struct rte_mbuf *m)
{
	const struct ovnet_meta *meta = ovnet_meta(m);

	return (meta->offload & OVNET_OFF_USO) == 0 &&
	       (rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *, meta->csum_start)
			       ->tcp_flags &
		       RTE_TCP_CWR_FLAG) != 0;
}

/* What tx would refuse of it, or the driver. */
static bool takes_whole(const struct ovnet_path_ctx *ctx, struct rte_mbuf *m)
{
	const struct ovnet_meta *meta = ovnet_meta(m);
	const struct ovnet_port *port = ctx->map != NULL && meta->out_port < ctx->map->n_ports
						? ctx->map->port[meta->out_port]
						: NULL;

	if (port == NULL)
		return true; /* nobody does: tx says so */
	return ovnet_port_takes(port, meta->offload) &&
	       (m->nb_segs == 1 || ((port->caps & OVNET_CAP_CHAINED) != 0 &&
					   m->nb_segs <= OVNET_GSO_CHAIN_MAX)) &&
	       ((port->caps & OVNET_CAP_TX_ECN) != 0 || !has_cwr(m));
}

static uint16_t sum(const void *at, size_t len)
{
	return rte_raw_cksum(at, len);
}

static void begin(struct ovnet_path_ctx *ctx, struct segments *s, struct rte_mbuf *m)
{
	stage_enter(ctx, OVNET_STAGE_SEGMENT, &m, 1);
	ovnet_gso_begin(&s->cut, m, (uint16_t)(m->pkt_len - ovnet_meta(m)->l3_len));
	s->cut.sum = sum;
}

/* Up to `n` segments of the packet that is being cut. Without buffers the rest of it is lost. */
static uint16_t cut(
	struct ovnet_path_ctx *ctx, struct segments *s, struct rte_mbuf **out, uint16_t n)
{
	const bool first = s->cut.left == s->cut.meta.gso_segs;
	const uint16_t want = RTE_MIN(n, s->cut.left), got = ovnet_gso_next(&s->cut, out, want);
	uint16_t made = got;

	if (unlikely(got < want)) {
		ovnet_drop(ctx, &s->cut.rest, 1, OVNET_DROP_NO_MBUF);
		s->cut.left = 0;
		made++;
	}
	ctx->counters->segments += made - first;
	/* Who sent it sent one packet, and is told of one segment's fate. */
	s->cut.meta.flags |= OVNET_META_ANSWER;
	return got;
}

uint16_t STAGE(segment)(
	struct ovnet_path_ctx *ctx, struct segments *s, struct rte_mbuf *out[OVNET_BURST])
{
	uint16_t n = 0;

	while (n < OVNET_BURST) {
		if (s->cut.left != 0) {
			n += cut(ctx, s, out + n, OVNET_BURST - n);
			continue;
		}
		if (s->next == s->n)
			break;
		struct rte_mbuf *m = s->pkts[s->next++];
		if ((ovnet_meta(m)->offload & OVNET_OFF_GSO) == 0 ||
			(!s->all && takes_whole(ctx, m))) {
			out[n++] = m;
			continue;
		}
		begin(ctx, s, m);
		n += cut(ctx, s, out + n, 1);
	}
	return n;
}
