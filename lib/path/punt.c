/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/level.h"

/*
 * What is not the overlay's goes to the uplink's twin as it came, Ethernet header in front: the
 * host's kernel takes it from there. Leaves what goes there; without a twin, nothing.
 */
uint16_t STAGE(punt)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf **pkts, uint16_t n)
{
	const uint16_t twin = ovnet_port_twin(port);

	stage_enter(ctx, OVNET_STAGE_PUNT, pkts, n);
	if (twin == OVNET_PORT_NONE) {
		ovnet_drop(ctx, pkts, n, OVNET_DROP_NOT_OVERLAY);
		return 0;
	}
	for (uint16_t i = 0; i < n; i++)
		ovnet_meta(pkts[i])->out_port = twin;
	return n;
}
