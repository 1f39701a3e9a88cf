/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peer = lease + route + next hop. Follows the lease tree and the kernel, and keeps
 * the FIB and the host device's routes in step with both. Control thread only.
 *
 * What changes is only noted, and done from a queue in slices of a few milliseconds: thousands
 * of leases at once must not keep the loop from etcd, the kernel and ovnetctl. What fails stays
 * as it was and is tried again by peers_check().
 */
#ifndef OVNET_APP_PEERS_SET_H
#define OVNET_APP_PEERS_SET_H

#include <sys/queue.h>

#include "host/attach_routes.h"
#include "lease/flannel/lease_value.h"
#include "node/ingress.h"
#include "packet/counters.h"
#include "underlay/next_hop.h"

enum peer_state {
	PEER_OK,       /* in the FIB with a next hop; its MAC may still be pending */
	PEER_NO_ROUTE, /* in the FIB, but no uplink of ours leads there: counted drops */
	PEER_OFF_LINK, /* the same: host-gw, and a router stands between */
	PEER_IGNORED,  /* lease of another backend, or not looked at yet: not in the FIB */
};
#define PEER_STATES (PEER_IGNORED + 1)

struct peer {
	TAILQ_ENTRY(peer) entry, work;
	struct ovnet_prefix subnet;  /* one of the lease's; a dual-stack lease is two peers */
	struct ovnet_addr public_ip; /* PublicIP or PublicIPv6, by the subnet's family */
	struct ovnet_mac vtep_mac;   /* vxlan; of BackendData or BackendV6Data */
	struct ovnet_lease lease;
	bool wanted;    /* a lease of our backend */
	bool gone;      /* its lease is; freed by the queue */
	bool renamed;   /* its next hop has another MAC in the static registry */
	bool queued;    /* in the queue */
	bool published; /* the FIB has it as it is here */
	bool routed;    /* the host device has its route */
	uint32_t seen;  /* the last check of routes that saw its own, or did not have to */
	enum peer_state state;
	struct next_hop_ref hop; /* held: PEER_OK */
	/* Its id in the FIB and what a former peer of that id had counted by then. */
	bool counted;
	uint32_t id;
	struct ovnet_peer_counters former;
};

struct peers_events {
	/* Every peer is in the FIB, or failed and waits for the next check. */
	void (*settled)(void *arg);
	/* The FIB has it as it is now (`published`), or no longer, or failed. May be NULL. */
	void (*changed)(void *arg, const struct peer *p);
	/* Adds what was counted for an id of the FIB's beside the workers. May be NULL. */
	void (*counted)(void *arg, uint32_t id, struct ovnet_peer_counters *sum);
};

struct peers {
	struct engine *engine;
	struct ovnet_kernel *kernel;
	struct underlay *underlay;
	const struct node *node;
	const struct ingress *ingress;
	const struct host *host;
	struct attach_routes *attach_routes; /* asked in the check of routes, too */
	struct warnings *warnings;
	struct peers_events events;
	void *arg;
	TAILQ_HEAD(, peer) list, work;
	void *tree;           /* tsearch(3) by subnet */
	struct event *worker; /* runs the queue */
	struct peer *sweep;   /* the next of all peers to look at, NULL: no sweep is under way */
	unsigned sweep_for;   /* what is to be done about each */
	uint32_t check;       /* number of the check of routes */
	unsigned missing;     /* routes it did not see */
	uint32_t n, n_queued;
	uint32_t in_state[PEER_STATES]; /* those that are gone count until they are withdrawn */
	struct ovnet_addr no_route, off_link; /* the last one found so */
};

/* 0 or -ENOMEM. Of `ps` the neighbours, `events` and `arg` are set, the rest is zero. */
int peers_init(struct peers *ps);
/* The host's routes stay. */
void peers_fini(struct peers *ps);

void peers_set(struct peers *ps, const struct ovnet_lease *lease);
void peers_del(struct peers *ps, const struct ovnet_lease *lease);
/* Routes or uplinks changed: looks at every peer anew. */
void peers_resolve_all(struct peers *ps);
/* The overlay changed (other subnet, VNI, MAC): publishes every peer anew. */
void peers_republish(struct peers *ps);
/* A neighbour's MAC is known, changed, or lost (NULL). */
void peers_neighbour(struct peers *ps, uint32_t ifindex, const struct ovnet_addr *addr,
	const struct ovnet_mac *mac);
/* The host device has lost its routes: every peer's route once more. */
void peers_set_routes(struct peers *ps);
/*
 * Compares with the kernel: removes routes without a peer, puts back what somebody removed, and
 * tries again what failed. Raises `settled` when all is done.
 */
void peers_check(struct peers *ps);
/* Since it is a peer, over all workers and what is beside them. */
void peer_counters(struct peers *ps, const struct peer *p, struct ovnet_peer_counters *sum);
const char *peer_state_name(const struct peer *p);
/* NULL: there is none. */
struct peer *peers_find(struct peers *ps, const struct ovnet_prefix *subnet);

/*
 * settle.c: brings the FIB and the routes in step with at most PEER_BATCH peers; withdraws those
 * that are gone.
 */
#define PEER_BATCH 64
void peers_settle(struct peers *ps, struct peer *const *peers, unsigned n);
/* Can this daemon carry packets for the peer? Logs a no. */
bool peer_usable(struct peers *ps, const struct peer *p);

#endif
