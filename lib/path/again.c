/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/answer.h"
#include "path/refused.h"

void ovnet_again_add(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, enum ovnet_entry entry,
	enum ovnet_drop reason)
{
	struct ovnet_again *a = &ctx->again;

	if (unlikely(a->n == OVNET_AGAIN_MAX)) {
		ovnet_drop(ctx, &m, 1, reason);
		return;
	}
	a->entry[a->n] = (uint8_t)entry;
	a->reason[a->n] = (uint8_t)reason;
	a->pkts[a->n++] = m;
}

void ovnet_again_foreign(
	struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m)
{
	if (port->caps & OVNET_CAP_EXCLUSIVE)
		ovnet_again_add(ctx, m, OVNET_ENTRY_PUNT, OVNET_DROP_NOT_OVERLAY);
	else
		ovnet_absorb(ctx, m);
}

void ovnet_again_refused(struct ovnet_path_ctx *ctx, struct refused *r)
{
	uint16_t n = r->n;

	r->n = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = r->pkts[i];
		uint8_t reason = r->reason[i];

		/* What is refused of an answer is not answered: they would have no end. */
		if (icmp_of(reason) >= 0 && !(ovnet_meta(m)->flags & OVNET_META_ANSWER))
			ovnet_again_add(ctx, m, OVNET_ENTRY_ANSWER, (enum ovnet_drop)reason);
		else
			refuse(r, m, reason);
	}
	refused_drop(ctx, r);
}
