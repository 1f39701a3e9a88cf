/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the protocols of local.h share: who may ask, and what the replies start from. Private to
 * lib/path.
 */
#ifndef OVNET_PATH_REPLY_H
#define OVNET_PATH_REPLY_H

#include "path/link.h"

#define TAKEN (-2) /* a verdict beside PASS, which is a reply, and the drop reasons */

/* Is there no reply due, as there were too many to that port? Counted. */
bool ovnet_local_limited(struct ovnet_path_ctx *ctx, const struct ovnet_port *port);
/*
 * An empty packet of `len` bytes to the port that `m` came by, limited as above. NULL: not now, see
 * *why, which is PASS otherwise.
 */
struct rte_mbuf *ovnet_local_reply(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *m, uint16_t len, int *why);
/*
 * PASS, or why an address at `e` is not that sender's. `mac`: what it says its MAC address is. Both
 * it and the frame's have to be who lives there.
 */
int ovnet_local_bound(const struct ovnet_endpoint *e, const struct ovnet_port *port,
	const struct rte_ether_hdr *eth, const struct rte_ether_addr *mac);

/* Somewhere else than at that port? What is there answers for itself. */
static inline bool is_elsewhere(const struct ovnet_endpoint *e, const struct ovnet_port *port)
{
	return e == NULL || e->port != port->id;
}

#endif
