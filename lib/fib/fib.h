/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tables a packet is looked up in: reader side. Workers only read, with one
 * load per object; the control thread publishes whole objects with one release
 * store and frees the old ones after RCU grace (fib_writer.h).
 *
 *   peer      one subnet of a lease (a dual-stack lease has two): prebuilt header, next hop,
 *             who may send from it
 *   next hop  Ethernet header and uplink, shared by all peers behind one gateway
 *   endpoint  what lives behind a port: an address of our own subnet or a prefix inside it, the
 *             longest one counts; default the host device, if there is one
 *
 * Every pointer read here is valid until the reader's next quiescent state.
 */
#ifndef OVNET_FIB_FIB_H
#define OVNET_FIB_FIB_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/net.h"
#include "base/rcu.h"
#include "encap/vxlan4.h"

/* Immutable once published. A new MAC is a new object in the same slot. */
struct ovnet_nexthop {
	/* dst, src, type; two bytes of padding for a 16-byte copy. The type is IPv4's: whoever puts
	 * IPv6 behind it overwrites it. */
	uint8_t eth[16];
	uint16_t port; /* uplink's port id */
	bool resolved; /* false: neighbour pending, packets are counted drops */
	bool failed;   /* not resolved, and asked long enough: its peers' senders may be told */
	struct ovnet_rcu_head rcu;
} __attribute__((aligned(64)));

/* What peers point to: stable while any peer uses it. */
struct ovnet_nh_slot {
	_Atomic(const struct ovnet_nexthop *) cur; /* control: rw, workers: ro; never NULL */
};

/* Immutable once published. Encap reads the first line only, decap the second. */
struct ovnet_peer {
	union {
		struct ovnet_rewrite rewrite;
		struct {                                /* in the rewrite's `owner` */
			const struct ovnet_nh_slot *nh; /* NULL: no route through our uplinks */
			uint32_t tx_id : 24;            /* = id */
			uint32_t encap : 8;             /* enum ovnet_encap */
			uint8_t built[6];               /* the rewrite's */
			uint16_t mtu; /* in its `spare`: largest inner packet, bytes; 0: none */
		};
	};
	uint16_t n_allowed; /* further outer sources */
	uint32_t id;        /* counters' index; survives re-publication */
	struct ovnet_addr
		public_addr; /* PublicIP or PublicIPv6 of the lease, by the subnet's family */
	const struct ovnet_addr *allowed;
	struct ovnet_prefix subnet;
	struct ovnet_rcu_head rcu;
} __attribute__((aligned(64)));

static_assert(offsetof(struct ovnet_peer, nh) + 12 <= offsetof(struct ovnet_rewrite, sum),
	"the peer's own fields leave the rewrite's alone");
static_assert(offsetof(struct ovnet_peer, mtu) == offsetof(struct ovnet_rewrite, spare),
	"the peer's own fields leave the rewrite's alone");
static_assert(offsetof(struct ovnet_peer, allowed) + 8 <= 128, "one line for encap, one for decap");

/* Immutable once published; one for all addresses it has. */
struct ovnet_endpoint {
	uint16_t port;
	struct ovnet_mac mac; /* of what lives there; all zero: unknown, any */
	bool l3;              /* the port carries no Ethernet header */
	struct ovnet_rcu_head rcu;
};

static_assert(offsetof(struct ovnet_endpoint, port) == 0 &&
		      offsetof(struct ovnet_endpoint, mac) == 2 && sizeof(struct ovnet_mac) == 6,
	"port and MAC address are compared as one word");

/* What comes to our overlay's UDP port. */
enum ovnet_tunnel { OVNET_TUNNEL_NONE, OVNET_TUNNEL_VXLAN, OVNET_TUNNEL_UDP };

/* Ingress validation. PERMISSIVE counts what STRICT refuses, and lets it pass. */
enum ovnet_validation { OVNET_VALIDATE_OFF, OVNET_VALIDATE_PERMISSIVE, OVNET_VALIDATE_STRICT };

/* What the whole node has in common; one object, replaced whole. */
struct ovnet_overlay {
	struct ovnet_prefix4 network;  /* the overlay's */
	struct ovnet_prefix4 own;      /* our lease's subnet; len 0: none */
	struct ovnet_prefix6 network6; /* len 0: no IPv6 in the overlay */
	struct ovnet_prefix6 own6;     /* len 0: none */
	enum ovnet_tunnel tunnel;
	/* Packets to our own subnets come without an outer header too: host-gw, DirectRouting. */
	bool direct;
	uint16_t udp_port; /* host order */
	uint32_t vni;
	struct ovnet_mac vtep_mac, vtep_mac6; /* inner destination we accept, over IPv4, IPv6 */
	uint16_t src_port_min, src_port_max;  /* host order, inclusive */
	uint16_t mtu;                         /* largest inner packet, bytes of IP */
	enum ovnet_validation validation;
	/* Routed packets of peers we do not reach by that link pass from any MAC address. */
	bool asymmetric;
	struct ovnet_outer_mode outer;
	bool mss_clamp; /* lower the MSS of TCP connections to what fits the way */
};

/*
 * What validation lets pass beside the peers' own subnets, asked only when a packet is about to be
 * refused. Immutable once published.
 */
struct ovnet_ingress_rule {
	struct ovnet_addr outer; /* who sends: a peer's, or our own PublicIP for the host device */
	struct ovnet_prefix inner; /* what it may send from */
};

struct ovnet_ingress {
	struct ovnet_rcu_head rcu;
	uint32_t n_local, n_rules;
	struct ovnet_addr *local; /* the node's own addresses, sorted, behind the rules */
	struct ovnet_ingress_rule rule[];
};

/* One rule of the longest prefix match behind the index, for subnets of other lengths. */
struct ovnet_fib_range {
	uint32_t first, last; /* host order, inclusive; sorted, disjoint */
	const struct ovnet_peer *peer;
};

struct ovnet_fib_ranges {
	struct ovnet_rcu_head rcu;
	uint32_t n;
	struct ovnet_fib_range range[];
};

/* The same for IPv6, where also subnets beyond the index are found, and endpoints. */
struct ovnet_fib_range6 {
	unsigned __int128 first, last; /* as numbers, inclusive; sorted, disjoint */
	union {
		const struct ovnet_peer *peer;         /* in `ranges6` */
		const struct ovnet_endpoint *endpoint; /* in `own6` */
	};
};

struct ovnet_fib_ranges6 {
	struct ovnet_rcu_head rcu;
	uint32_t n;
	struct ovnet_fib_range6 range[];
};

/* Immutable but for the slots; replaced when the network config or our lease changes. */
struct ovnet_fib_view {
	struct ovnet_overlay overlay;
	uint32_t base;    /* network address, host order */
	uint32_t n_slots; /* 2^(SubnetLen - network length) */
	uint32_t n_own;   /* 2^(32 - own subnet's length), 0 without one */
	uint8_t shift;    /* 32 - SubnetLen */
	_Atomic(const struct ovnet_endpoint *) default_endpoint;
	_Atomic(const struct ovnet_endpoint *) *own; /* by address - own.addr_host; NULL: default */
	/*
	 * By slot: who may send from there, for the usual packet's sake that needs no more of a
	 * peer. The outer source as on the wire << 32 | counters' index + 1; 0: ask the peer. It
	 * is changed beside the slot, so packets may meet either one's state before.
	 */
	_Atomic uint64_t *ingress;
	struct ovnet_vxlan4_pattern outer4; /* what comes to the overlay by VXLAN over IPv4 */
	_Atomic(const struct ovnet_fib_ranges *) ranges; /* NULL when every subnet has SubnetLen */
	/*
	 * IPv6: the index is made of the eight bytes of the address in which the subnets differ;
	 * what stands before them has to be the network's. n_slots6 is 0 without IPv6 and where
	 * subnets differ in more than eight bytes, at most OVNET_FIB_SLOTS6 in a network of more.
	 */
	uint64_t base6;              /* those eight bytes of the network's address, as a number */
	uint64_t mask6_be, high6_be; /* the bits before them: which, and the network's */
	uint32_t n_slots6;
	uint8_t first6; /* the first of them: 0 unless IPv6SubnetLen is more than 64 */
	uint8_t shift6; /* bits in them behind IPv6SubnetLen */
	_Atomic(const struct ovnet_peer *) *slot6;
	_Atomic(const struct ovnet_fib_ranges6 *) ranges6; /* NULL: nothing beside the index */
	_Atomic(const struct ovnet_fib_ranges6 *) own6;    /* NULL: all at the default endpoint */
	struct ovnet_rcu_head rcu;
	_Atomic(const struct ovnet_peer *) slot[];
};

/*
 * Every address some peer may send from: asked only when a packet is being refused, to tell a
 * stranger from a peer that sends what is not its own. Open addressing; each word is published
 * by itself, the table is replaced whole when it fills up.
 */
struct ovnet_fib_sources {
	struct ovnet_rcu_head rcu;
	uint32_t mask;              /* slots - 1 */
	_Atomic uint32_t addr_be[]; /* 0: free, UINT32_MAX: was used */
};

#define OVNET_FIB_SLOTS6 (1u << 20)

struct ovnet_fib_sources6; /* sources.h */

struct ovnet_fib {
	_Atomic(struct ovnet_fib_view *) view; /* NULL until the network config is known */
	_Atomic(const struct ovnet_fib_sources *) sources; /* NULL: no peer yet */
	_Atomic(const struct ovnet_fib_sources6 *) sources6;
	_Atomic(const struct ovnet_ingress *) ingress; /* NULL: nothing listed */
};

/* For packets about to be refused; none of these is fast. */

/* Does the address belong to any peer? */
bool ovnet_fib_is_source(const struct ovnet_fib *fib, const struct ovnet_addr *addr);
/* Does a rule let `outer` send from `inner`? */
bool ovnet_fib_listed(const struct ovnet_fib *fib, const struct ovnet_addr *outer,
	const struct ovnet_addr *inner);
/* Is it one of the node's own addresses? */
bool ovnet_fib_is_local(const struct ovnet_fib *fib, const struct ovnet_addr *addr);

/* Once per burst. NULL: not configured yet. */
static inline const struct ovnet_fib_view *ovnet_fib_view(const struct ovnet_fib *fib)
{
	return atomic_load_explicit(&fib->view, memory_order_acquire);
}

const struct ovnet_peer *ovnet_fib_range_lookup(
	const struct ovnet_fib_view *view, uint32_t addr_host);

/* The peer whose lease covers the address, or NULL. One index computation, one load. */
static inline const struct ovnet_peer *ovnet_fib_lookup(
	const struct ovnet_fib_view *view, uint32_t addr_host)
{
	uint32_t i = (addr_host - view->base) >> view->shift;

	if (__builtin_expect(i < view->n_slots, 1)) {
		const struct ovnet_peer *p =
			atomic_load_explicit(&view->slot[i], memory_order_acquire);
		if (__builtin_expect(p != NULL, 1))
			return p;
	}
	if (__builtin_expect(atomic_load_explicit(&view->ranges, memory_order_relaxed) != NULL, 0))
		return ovnet_fib_range_lookup(view, addr_host);
	return NULL;
}

/* Where the word for that source is; NULL: the index does not reach so far. */
static inline const _Atomic uint64_t *ovnet_fib_ingress(
	const struct ovnet_fib_view *view, uint32_t addr_host)
{
	uint32_t i = (addr_host - view->base) >> view->shift;

	return __builtin_expect(i < view->n_slots, 1) ? &view->ingress[i] : NULL;
}

static inline uint32_t ovnet_ingress_id(uint64_t word)
{
	return (uint32_t)word;
}

static inline uint32_t ovnet_ingress_outer(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

const struct ovnet_peer *ovnet_fib_range_lookup6(
	const struct ovnet_fib_view *view, const uint8_t addr[16]);

/*
 * Below n_slots6 for subnets with a slot only: what is below the network wraps around, what is
 * above it is beyond them, as the slots cover the network or its beginning.
 */
static inline uint64_t ovnet_fib_index6(const struct ovnet_fib_view *view, const uint8_t addr[16])
{
	uint64_t high, bytes;

	memcpy(&high, addr, sizeof(high));
	memcpy(&bytes, addr + view->first6, sizeof(bytes));
	uint64_t i = (__builtin_bswap64(bytes) - view->base6) >> view->shift6;
	return (high & view->mask6_be) == view->high6_be ? i : UINT64_MAX;
}

/* The same for IPv6; the address as on the wire. */
static inline const struct ovnet_peer *ovnet_fib_lookup6(
	const struct ovnet_fib_view *view, const uint8_t addr[16])
{
	uint64_t i = ovnet_fib_index6(view, addr);

	if (__builtin_expect(i < view->n_slots6, 1)) {
		const struct ovnet_peer *p =
			atomic_load_explicit(&view->slot6[i], memory_order_acquire);
		if (__builtin_expect(p != NULL, 1))
			return p;
	}
	if (__builtin_expect(atomic_load_explicit(&view->ranges6, memory_order_relaxed) != NULL, 0))
		return ovnet_fib_range_lookup6(view, addr);
	return NULL;
}

/*
 * Where one of our own addresses lives; the default for every address not in the own subnet. NULL:
 * nowhere, there is no default.
 */
static inline const struct ovnet_endpoint *ovnet_fib_endpoint(
	const struct ovnet_fib_view *view, uint32_t addr_host)
{
	uint32_t i = addr_host - view->overlay.own.addr_host;
	const struct ovnet_endpoint *e = NULL;

	if (i < view->n_own)
		e = atomic_load_explicit(&view->own[i], memory_order_acquire);
	if (e == NULL)
		e = atomic_load_explicit(&view->default_endpoint, memory_order_acquire);
	return e;
}

const struct ovnet_endpoint *ovnet_fib_own_lookup6(
	const struct ovnet_fib_view *view, const uint8_t addr[16]);

/* The same for IPv6; the address as on the wire. */
static inline const struct ovnet_endpoint *ovnet_fib_endpoint6(
	const struct ovnet_fib_view *view, const uint8_t addr[16])
{
	const struct ovnet_endpoint *e = NULL;

	if (__builtin_expect(atomic_load_explicit(&view->own6, memory_order_relaxed) != NULL, 0))
		e = ovnet_fib_own_lookup6(view, addr);
	if (e == NULL)
		e = atomic_load_explicit(&view->default_endpoint, memory_order_acquire);
	return e;
}

static inline const struct ovnet_nexthop *ovnet_nh_get(const struct ovnet_nh_slot *slot)
{
	return atomic_load_explicit(&slot->cur, memory_order_acquire);
}

/* May `src_be` send for this IPv4 peer? PublicIP, or an address listed for it. */
static inline bool ovnet_peer_allows(const struct ovnet_peer *p, uint32_t src_be)
{
	if (__builtin_expect(p->public_addr.v4_be == src_be, 1))
		return true;
	for (uint16_t i = 0; i < p->n_allowed; i++)
		if (p->allowed[i].v4_be == src_be)
			return true;
	return false;
}

/* The same for an IPv6 peer. */
static inline bool ovnet_peer_allows6(const struct ovnet_peer *p, const uint8_t src[16])
{
	if (__builtin_expect(memcmp(p->public_addr.v6, src, 16) == 0, 1))
		return true;
	for (uint16_t i = 0; i < p->n_allowed; i++)
		if (memcmp(p->allowed[i].v6, src, 16) == 0)
			return true;
	return false;
}

#endif
