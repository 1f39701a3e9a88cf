/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tables' writer side: control thread only; only app/'s control code and tests
 * include this. Nothing here blocks; replaced objects go to the RCU domain's
 * deferred queue. Errors: negative errno, nothing changed.
 */
#ifndef OVNET_FIB_FIB_WRITER_H
#define OVNET_FIB_FIB_WRITER_H

#include "fib/fib.h"

struct ovnet_fib_writer; /* keeps what readers do not need: the peers' list, ids, references */

/* `max_peers`: capacity of ids (and of the workers' per-peer counters). */
struct ovnet_fib_writer *ovnet_fib_writer_new(
	struct ovnet_fib *fib, struct ovnet_rcu *rcu, uint32_t max_peers);
/* Everything is freed at once: workers must have stopped. NULL is fine. */
void ovnet_fib_writer_free(struct ovnet_fib_writer *w);

/*
 * New network config or new own lease: builds a view with all peers in it and publishes it.
 * `subnet_len`, `subnet6_len` are SubnetLen and IPv6SubnetLen of the config (the latter of no
 * meaning without network6); peers of other lengths go behind the index.
 * -EINVAL: own or lengths do not fit; -ENOMEM; -E2BIG: more than 2^22 IPv4 slots.
 */
int ovnet_fib_set_overlay(struct ovnet_fib_writer *w, const struct ovnet_overlay *overlay,
	uint8_t subnet_len, uint8_t subnet6_len);

/*
 * What ingress validation lets pass beside the peers' subnets; copied, replaces what was. `local`:
 * the node's own addresses, for what comes from the host device. 0 or -ENOMEM.
 */
int ovnet_fib_set_ingress(struct ovnet_fib_writer *w, const struct ovnet_addr *local,
	uint32_t n_local, const struct ovnet_ingress_rule *rules, uint32_t n_rules);

/*
 * Where everything goes that is at no other endpoint; without one, readers get NULL. Replaces.
 * `mac` NULL: unknown. -ENOENT before set_overlay, -ENOMEM.
 */
int ovnet_fib_set_default_endpoint(
	struct ovnet_fib_writer *w, uint16_t port, bool l3, const struct ovnet_mac *mac);
/*
 * What lives behind a port: an address (/32, /128) or all of a prefix inside our own subnet;
 * longer prefixes win. Replaces the same prefix's. -ENOENT before set_overlay, -EINVAL: not inside
 * the own subnet, or host bits set; -ENOMEM. A new overlay keeps those inside its own subnet.
 */
int ovnet_fib_set_endpoint(struct ovnet_fib_writer *w, const struct ovnet_prefix *addrs,
	uint16_t port, bool l3, const struct ovnet_mac *mac);
/*
 * What is around it has its addresses then. -ENOENT: there is none of just that prefix; -ENOMEM:
 * IPv6 only.
 */
int ovnet_fib_del_endpoint(struct ovnet_fib_writer *w, const struct ovnet_prefix *addrs);

/*
 * A next-hop slot, reference counted: get makes or finds the one for (port, gateway) with one
 * reference, unresolved at first; put gives a reference back. set publishes a new Ethernet
 * header (dst NULL: unresolved). NULL from get: no memory.
 */
struct ovnet_nh_slot *ovnet_fib_nh_get(
	struct ovnet_fib_writer *w, uint16_t port, const struct ovnet_addr *gateway);
void ovnet_fib_nh_put(struct ovnet_fib_writer *w, struct ovnet_nh_slot *nh);
int ovnet_fib_nh_set(struct ovnet_fib_writer *w, struct ovnet_nh_slot *nh,
	const struct ovnet_mac *dst, const struct ovnet_mac *src);
/* Asked for in vain. Lasts until a set with a dst. */
int ovnet_fib_nh_fail(struct ovnet_fib_writer *w, struct ovnet_nh_slot *nh);
/* The slot for (port, gateway) if there is one; no reference taken. */
struct ovnet_nh_slot *ovnet_fib_nh_find(
	struct ovnet_fib_writer *w, uint16_t port, const struct ovnet_addr *gateway);

/* How many slots there are, by what is known of the MAC address there. */
struct ovnet_fib_nh_counts {
	uint32_t resolved, pending, failed;
};
struct ovnet_fib_nh_counts ovnet_fib_nh_counts(const struct ovnet_fib_writer *w);

struct ovnet_peer_conf {
	struct ovnet_prefix subnet;
	struct ovnet_addr public_addr;    /* of the subnet's family */
	const struct ovnet_addr *allowed; /* copied; of the subnet's family */
	uint16_t n_allowed;
	struct ovnet_nh_slot *nh; /* NULL: unreachable; the peer takes a reference of its own */
	uint16_t mtu;             /* largest outer IP packet on the way there, bytes */
	enum ovnet_encap encap;
	struct ovnet_rewrite rewrite; /* DIRECT: not used */
};

/*
 * Adds the peer or replaces the one of the same subnet (same id, counters go on).
 * -ENOENT before set_overlay, -ENOSPC: ids used up, -EEXIST: overlaps another peer or our own
 * subnet, -EINVAL: outside the network, or a source of the other family.
 */
int ovnet_fib_set_peer(struct ovnet_fib_writer *w, const struct ovnet_peer_conf *conf);
/* -ENOENT if there is none. */
int ovnet_fib_del_peer(struct ovnet_fib_writer *w, const struct ovnet_prefix *subnet);
/* The published peer, or NULL. */
const struct ovnet_peer *ovnet_fib_get_peer(
	struct ovnet_fib_writer *w, const struct ovnet_prefix *subnet);

#endif
