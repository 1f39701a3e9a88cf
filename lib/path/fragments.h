/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Outer fragments that wait for the rest of their datagram. Kernel flannel leaves DF clear, so its
 * packets are cut where a link on the way, or the peer's own route, is smaller than they are. Each
 * worker has a table of its own, made before it starts; the memory is taken then.
 *
 * Bounds: 1,024 datagrams, 8 fragments each, `max` buffers in all, one second. A second is less
 * than RFC 1122 section 3.3.2 has in mind, but fragments of one datagram cross a cluster's underlay
 * together, and its 16-bit identification comes round in less than that at 1 Gbit/s (RFC 4963):
 * the longer one waits, the more likely strangers are joined.
 *
 * Threads: new and free: control thread, while the worker does not run. The rest: the worker.
 */
#ifndef OVNET_PATH_FRAGMENTS_H
#define OVNET_PATH_FRAGMENTS_H

#include <rte_ip_frag.h>

#include "base/drop.h"
#include "path/foreign.h"

struct ovnet_path_ctx;

struct ovnet_fragments {
	uint64_t due; /* TSC: when to look for what timed out; UINT64_MAX: nothing waits */
	uint64_t ttl; /* TSC cycles */
	struct rte_ip_frag_tbl *table;
	uint32_t held, max; /* buffers: a chained fragment is more than one */
	struct rte_ip_frag_death_row dead;
	struct ovnet_foreign foreign; /* on uplinks with a twin: the host's, which get no buffer */
};

/* NULL: no memory, logged. `max` at least 1. */
struct ovnet_fragments *ovnet_fragments_new(uint32_t max, int socket);
/* With what still waits. NULL is fine. */
void ovnet_fragments_free(struct ovnet_fragments *f);

/*
 * Takes a fragment whose data begins with its Ethernet header, the IPv4 header behind it checked
 * and in the first segment. Returns the datagram it completes, an unfragmented packet whose TOS has
 * the ECN field of RFC 3168 section 5.3; or NULL: it waits, or was dropped with others of its
 * datagram (overlap, too many, nothing in it, more than 65,535 bytes, bad UDP checksum).
 */
struct rte_mbuf *ovnet_fragments_add4(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, uint64_t now);
/*
 * The same for IPv6, with a fragment header behind the IPv6 header. The datagram has none; its
 * first byte may be another one than the fragment's.
 */
struct rte_mbuf *ovnet_fragments_add6(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, uint64_t now);
/* Drops what waited too long, and sets `due` anew. */
void ovnet_fragments_expire(struct ovnet_path_ctx *ctx, uint64_t now);
/* Drops all that waits. */
void ovnet_fragments_drop(struct ovnet_path_ctx *ctx, enum ovnet_drop reason);

#endif
