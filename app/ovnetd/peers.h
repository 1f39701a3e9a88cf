/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peer = lease + route + next hop. Follows the lease tree and the kernel, and keeps
 * the FIB and the host device's routes in step with both. Control thread only.
 *
 * What the tree and the kernel say is only noted here; the work is done in the order it came,
 * a bounded part per turn of the event loop (peer_work.c), so that 65,536 peers at once hold
 * up nobody.
 */
#ifndef OVNET_APP_PEERS_H
#define OVNET_APP_PEERS_H

#include <sys/queue.h>

#include "counters.h"
#include "lease_value.h"

struct daemon;
struct uplink;
struct ovnet_nh_slot;

enum peer_state {
	PEER_OK,       /* in the FIB with a next hop; its MAC may still be pending */
	PEER_NO_ROUTE, /* in the FIB, but no uplink of ours leads there: counted drops */
	PEER_IGNORED,  /* lease of another backend: not in the FIB */
};

/* What is to be done about a peer. */
enum {
	PEER_RESOLVE = 1, /* ask the kernel where it is; publish if that changed */
	PEER_PUBLISH = 2, /* enter it in the FIB whatever the kernel says */
	PEER_ROUTE = 4,   /* set its route on the host device */
	PEER_MOVED = 8,   /* take out what there is first */
	PEER_LEAVE = 16,  /* its lease is gone */
};

struct peer {
	TAILQ_ENTRY(peer) entry;
	TAILQ_ENTRY(peer) queued; /* while `todo` */
	unsigned todo;
	struct ovnet_lease lease;
	enum peer_state state;
	struct uplink *uplink;      /* PEER_OK */
	struct ovnet_addr next_hop; /* PEER_OK: gateway, or the peer itself when on link */
	struct ovnet_addr source;   /* PEER_OK: outer source address */
	uint16_t mtu;
	struct ovnet_nh_slot *nh; /* PEER_OK: one reference */
	/* Its id in the FIB and what a former peer of that id had counted by then. */
	bool counted;
	uint32_t id;
	struct ovnet_peer_counters former;
};

struct peers {
	TAILQ_HEAD(, peer) list;
	void *tree; /* tsearch(3) by subnet */
	TAILQ_HEAD(, peer) queue;
	struct event *work;               /* a part of the queue */
	void (*drained)(struct daemon *); /* once, when the queue is empty; NULL: nobody waits */
	bool settled;                     /* it was empty once since start */
	uint32_t n, pending;              /* all, in the queue */
};

int peers_init(struct daemon *d);
void peers_fini(struct daemon *d);

void peers_set(struct daemon *d, const struct ovnet_lease *lease);
void peers_del(struct daemon *d, const struct ovnet_lease *lease);
/* To be done for every peer that is not leaving. */
void peers_all(struct daemon *d, unsigned todo);
/* Calls `drained` when all that is to be done by now is done, maybe from inside. */
void peers_when_drained(struct daemon *d, void (*drained)(struct daemon *d));
/* A neighbour's MAC is known, changed, or lost (NULL). */
void peers_neighbour(struct daemon *d, uint32_t ifindex, const struct ovnet_addr *addr,
	const struct ovnet_mac *mac);
/* Removes routes of peers that died while the daemon was down. */
void peers_prune_routes(struct daemon *d);
/* Since it is a peer, over all workers. */
void peer_counters(struct daemon *d, const struct peer *p, struct ovnet_peer_counters *sum);
const char *peer_state_name(const struct peer *p);
/* NULL: there is none. */
struct peer *peers_find(struct peers *ps, const struct ovnet_prefix4 *subnet);

/* peer_work.c */
void peer_todo(struct daemon *d, struct peer *p, unsigned todo);
void peers_work(struct daemon *d);
/* peers.c, for peer_work.c */
bool peer_usable(const struct daemon *d, const struct peer *p);
void peer_delete(struct peers *ps, struct peer *p);
/* The counters are the workers' to write: a new owner of an id starts from what it finds. */
void peer_count_from_now(struct daemon *d, struct peer *p);

#endif
