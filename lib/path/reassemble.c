/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include <rte_cycles.h>

#include "fragments.h"
#include "ip4.h"

/*
 * Who holds no lease is not given buffers to wait in. On a shared uplink the fragments are copies
 * of what the kernel has as well, and may be anybody's.
 */
static int admit(
	const struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m)
{
	const struct ovnet_meta *meta = ovnet_meta(m);
	const struct ovnet_addr source = {.family = AF_INET, .v4_be = meta->src_be};

	if (ctx->fragments == NULL)
		return OVNET_DROP_FRAGMENT;
	if (meta->offload != 0)
		return OVNET_DROP_CSUM_STATE; /* senders finish checksums before they cut */
	if (ctx->view->overlay.validation != OVNET_VALIDATE_STRICT ||
		ovnet_fib_is_source(&ctx->shared->fib, &source))
		return PASS;
	return port->caps & OVNET_CAP_EXCLUSIVE ? OVNET_DROP_UNKNOWN_PEER : OVNET_DROP_NOT_OVERLAY;
}

struct rte_mbuf *STAGE(reassemble)(
	struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m)
{
	stage_enter(ctx, OVNET_STAGE_REASSEMBLE, &m, 1);
	int why = admit(ctx, port, m);
	if (why == OVNET_DROP_NOT_OVERLAY) {
		ovnet_absorb(ctx, m);
		return NULL;
	}
	if (why != PASS) {
		ovnet_drop(ctx, &m, 1, (enum ovnet_drop)why);
		return NULL;
	}
	return ovnet_fragments_add4(ctx, m, rte_rdtsc());
}
