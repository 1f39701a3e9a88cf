/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ring by which workers hand packets to the one that owns a tx queue.
 * One per worker: many producers, one consumer, bounded. The packet's
 * meta.out_port and meta.out_generation say where it goes. Producers never wait: what does not fit
 * is given back and counted as handoff-full by the caller.
 */
#ifndef OVNET_PORT_HANDOFF_H
#define OVNET_PORT_HANDOFF_H

#include <stdatomic.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

struct ovnet_handoff {
	struct rte_ring *ring;
	int wake_fd;             /* eventfd in the owner's epoll set */
	_Atomic uint32_t asleep; /* owner: 1 while it may be in epoll_wait */
} __rte_cache_aligned;           /* `asleep` changes often, and workers look at each other's */

/* `size` a power of two. 0 or negative errno. Control thread, at start. */
int ovnet_handoff_init(struct ovnet_handoff *h, uint16_t worker, unsigned size, int socket);
/* Frees what is still queued. Safe on a zeroed struct. */
void ovnet_handoff_fini(struct ovnet_handoff *h);

/* Any worker. Returns how many were taken (a prefix). */
uint16_t ovnet_handoff_push(struct ovnet_handoff *h, struct rte_mbuf **pkts, uint16_t n);
/* Any other thread: one packet, which is taken in any case. 0 or -ENOBUFS. */
int ovnet_handoff_send(struct ovnet_handoff *h, struct rte_mbuf *m);
/* The owner. */
uint16_t ovnet_handoff_pop(struct ovnet_handoff *h, struct rte_mbuf **pkts, uint16_t n);

/*
 * Sleep protocol of the owner: announce, then look once more (ring and ports), then
 * epoll_wait, then ovnet_handoff_awake(), which also drains the eventfd. A push after the
 * announcement writes the eventfd, so no packet waits for a sleeper. ovnet_handoff_wake():
 * any thread, e.g. control after it published something.
 */
void ovnet_handoff_announce_sleep(struct ovnet_handoff *h);
void ovnet_handoff_awake(struct ovnet_handoff *h);
void ovnet_handoff_wake(struct ovnet_handoff *h);

#endif
