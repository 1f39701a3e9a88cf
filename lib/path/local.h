/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ovnet is asked itself by what lives on attach ports, a file for each protocol. Off the fast
 * path, compiled once. Private to lib/path.
 *
 * Each takes a packet that came by `port`, its data behind the Ethernet header, and judges it:
 * PASS, and *reply goes back by that port; TAKEN, there is none; or why it is dropped. *reply is a
 * packet of its own or `m` turned round, and set with a drop reason, too, where that befell it.
 */
#ifndef OVNET_PATH_LOCAL_H
#define OVNET_PATH_LOCAL_H

#include "path/reply.h"

/*
 * The stage: ARP and IP of attach ports that is for ovnet itself. Those left are the replies, to
 * leave by `port`.
 */
uint16_t ovnet_local(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf **pkts, uint16_t n);

/* RFC 826; the data is not IP. */
int ovnet_local_arp(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply);
/* RFC 4861: solicitations and advertisements of neighbours. */
int ovnet_local_nd(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply);
/* The same: solicitations of routers. */
int ovnet_local_router(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *m, struct rte_mbuf **reply);
/* RFC 2131, RFC 8415: UDP from a client's port to a server's. */
int ovnet_local_dhcp4(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply);
int ovnet_local_dhcp6(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply);
/* A whole echo request without options. */
int ovnet_local_echo(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply);

#endif
