/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include <rte_cycles.h>

#include "path/fragments.h"
#include "path/ip4.h"

#include "path/level.h"

static bool is_from_peer(const struct ovnet_path_ctx *ctx, const struct ovnet_meta *meta)
{
	struct ovnet_addr src = {.family = AF_INET, .v4_be = meta->src_be};

	if (meta->src_version == 6)
		src = ovnet_addr_v6(meta->src6);
	return ovnet_fib_is_source(&ctx->shared->fib, &src);
}

/* What the host's kernel puts together itself. */
static bool is_hosts(
	const struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m)
{
	struct ovnet_fragments *f = ctx->fragments;

	return ovnet_port_twin(port) != OVNET_PORT_NONE &&
	       ovnet_foreign_is(&f->foreign, m, ctx->view->overlay.udp_port, rte_rdtsc(), f->ttl);
}

/* Where senders are validated, who holds no lease is not given buffers to wait in. */
static int admit(
	const struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m)
{
	const struct ovnet_meta *meta = ovnet_meta(m);

	if (ctx->fragments == NULL)
		return OVNET_DROP_FRAGMENT;
	if (is_hosts(ctx, port, m))
		return OVNET_DROP_NOT_OVERLAY;
	if (meta->offload != 0)
		return OVNET_DROP_CSUM_STATE; /* senders finish checksums before they cut */
	if (ctx->view->overlay.validation == OVNET_VALIDATE_STRICT && !is_from_peer(ctx, meta))
		return OVNET_DROP_NOT_OVERLAY;
	return PASS;
}

uint16_t STAGE(reassemble)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf **pkts, uint16_t n)
{
	struct refused bad;
	uint16_t kept = 0;

	bad.n = 0;
	stage_enter(ctx, OVNET_STAGE_REASSEMBLE, pkts, n);
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		int why = admit(ctx, port, m);

		if (why == PASS) {
			m = ovnet_meta(m)->src_version == 4
				    ? ovnet_fragments_add4(ctx, m, rte_rdtsc())
				    : ovnet_fragments_add6(ctx, m, rte_rdtsc());
			if (m != NULL)
				pkts[kept++] = m;
		} else if (why == OVNET_DROP_NOT_OVERLAY) {
			ovnet_again_foreign(ctx, port, m);
		} else {
			refuse(&bad, m, why);
		}
	}
	refused_drop(ctx, &bad);
	return kept;
}
