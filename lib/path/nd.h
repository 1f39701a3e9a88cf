/* SPDX-License-Identifier: BSD-3-Clause */
/* What solicitations of neighbours and of routers have in common (RFC 4861). Private to lib/path.
 */
#ifndef OVNET_PATH_ND_H
#define OVNET_PATH_ND_H

#include "path/reach.h"
#include "path/reply.h"

#define ND_MAX         1280 /* more options than anybody sends */
#define ND_HOPS        255  /* it came by this link alone: nobody has forwarded it */
#define ND_SOURCE_LINK 1    /* the option */

static const struct ovnet_mac nd_all_nodes_mac = {{0x33, 0x33, 0, 0, 0, 1}};

static inline bool is_link_local(const uint8_t addr[16])
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

static inline bool is_unspecified(const uint8_t addr[16])
{
	static const uint8_t none[16];

	return memcmp(addr, none, sizeof(none)) == 0;
}

/*
 * May the frame's sender say that it is this address? Link-local ones a station makes itself: any
 * may be its own. PASS or a drop reason.
 */
int ovnet_nd_source(const struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	const struct rte_ether_hdr *eth, const uint8_t addr[16]);
/*
 * The options from byte `at` of a packet of `len` on: those of `kind`, a link-layer address, say
 * `from`; *has: there is one. PASS or a drop reason.
 */
int ovnet_nd_options(const uint8_t *packet, unsigned at, unsigned len, uint8_t kind,
	const struct rte_ether_addr *from, bool *has);

#endif
