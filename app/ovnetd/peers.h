/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peer = lease + route + next hop. Follows the lease tree and the kernel, and keeps
 * the FIB and the host device's routes in step with both. Control thread only.
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

struct peer {
	TAILQ_ENTRY(peer) entry;
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
	void *tree;            /* tsearch(3) by subnet */
	struct peer *cursor;   /* next one to resolve anew, NULL: none under way */
	struct event *resolve; /* runs the cursor in small steps, so the loop never stalls */
	uint32_t n;
};

int peers_init(struct daemon *d);
void peers_fini(struct daemon *d);

void peers_set(struct daemon *d, const struct ovnet_lease *lease);
void peers_del(struct daemon *d, const struct ovnet_lease *lease);
/* Routes or uplinks changed: resolve every peer anew, a few per turn of the loop. */
void peers_resolve_all(struct daemon *d);
/* The overlay changed (other subnet, VNI, MAC): publish every peer anew. */
void peers_republish(struct daemon *d);
/* A neighbour's MAC is known, changed, or lost (NULL). */
void peers_neighbour(struct daemon *d, uint32_t ifindex, const struct ovnet_addr *addr,
	const struct ovnet_mac *mac);
/* Every peer's route on the host device once more. */
void peers_set_routes(struct daemon *d);
/* Removes routes of peers that died while the daemon was down. */
void peers_prune_routes(struct daemon *d);
/* Since it is a peer, over all workers. */
void peer_counters(struct daemon *d, const struct peer *p, struct ovnet_peer_counters *sum);
const char *peer_state_name(const struct peer *p);

#endif
