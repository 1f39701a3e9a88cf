/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include <rte_cycles.h>

#include "path/fragments.h"
#include "path/ip4.h"

static bool is_from_peer(const struct ovnet_path_ctx *ctx, const struct ovnet_meta *meta)
{
	struct ovnet_addr src = {.family = AF_INET, .v4_be = meta->src_be};

	if (meta->src_version == 6)
		src = ovnet_addr_v6(meta->src6);
	return ovnet_fib_is_source(&ctx->shared->fib, &src);
}

/* Where senders are validated, who holds no lease is not given buffers to wait in. */
static int admit(const struct ovnet_path_ctx *ctx, const struct ovnet_meta *meta)
{
	if (ctx->fragments == NULL)
		return OVNET_DROP_FRAGMENT;
	if (meta->offload != 0)
		return OVNET_DROP_CSUM_STATE; /* senders finish checksums before they cut */
	if (ctx->view->overlay.validation == OVNET_VALIDATE_STRICT && !is_from_peer(ctx, meta))
		return OVNET_DROP_NOT_OVERLAY;
	return PASS;
}

int STAGE(reassemble)(struct ovnet_path_ctx *ctx, struct rte_mbuf **m)
{
	const struct ovnet_meta *meta = ovnet_meta(*m);

	stage_enter(ctx, OVNET_STAGE_REASSEMBLE, m, 1);
	int why = admit(ctx, meta);
	if (why == OVNET_DROP_NOT_OVERLAY)
		return why;
	if (why != PASS) {
		ovnet_drop(ctx, m, 1, (enum ovnet_drop)why);
		*m = NULL;
	} else if (meta->src_version == 4) {
		*m = ovnet_fragments_add4(ctx, *m, rte_rdtsc());
	} else {
		*m = ovnet_fragments_add6(ctx, *m, rte_rdtsc());
	}
	return *m != NULL ? PASS : OVNET_DROP_FRAGMENT;
}
