/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet's way. Each stage is one file, one function over a burst, one name:
 *
 *   attach/host port:  rx -> classify -> route [-> segment] -> encap -> tx (uplink)
 *                                              -> deliver [-> merge] [-> segment] -> tx
 *   uplink:            rx -> classify -> decap -> deliver [-> merge] -> tx (attach/host port)
 *   outer fragment:       -> reassemble, then from classify on
 *   not overlay, exclusive uplink:  -> punt -> tx                       (its twin)
 *   twin:              rx -> classify [-> segment] -> tx                (its uplink)
 *   attach port, for ovnet itself:  -> local -> tx                      (the same port)
 *   refused:              -> drop(reason), the only place that frees a packet
 *
 * pipeline.c calls them, no stage calls another but drop. What leaves its burst for another stage
 * waits on the again list until the burst is through: fragments, what is to be punted, and refused
 * packets whose senders may be told (answer.c).
 *
 * This folder's stages but local are compiled once per CPU level (x86-64-v2, v3, v4) and reached
 * through one table of functions chosen at start. A stage's functions end in the level's
 * suffix, see level.h. Nothing here logs, locks, allocates or makes a system call; drivers do
 * their own rx/tx.
 */
#ifndef OVNET_PATH_PATH_H
#define OVNET_PATH_PATH_H

#include "fib/fib.h"
#include "packet/counters.h"
#include "packet/meta.h"
#include "packet/rate_limit.h"
#include "port/handoff.h"
#include "port/queue_map.h"

/* ICMP errors a worker sends per second (RFC 1812 section 4.3.2.8), and at once. */
#define OVNET_ANSWERS_PER_SECOND 1000
#define OVNET_ANSWERS_AT_ONCE    64
struct ovnet_dropped;   /* dropped.h */
struct ovnet_fragments; /* fragments.h */
struct ovnet_guest;     /* guest.h */
struct ovnet_taps;      /* taps.h */
struct plain;           /* plain.h */

/* Ports a worker collects packets for at a time; for one more, it sends what it has. */
#define OVNET_TX_BUFS 64

/* Packets that leave their burst for another stage right behind it. */
struct ovnet_lane {
	uint16_t n;
	struct rte_mbuf *pkts[OVNET_BURST];
};

struct ovnet_txbuf {
	uint16_t n;
	uint16_t care; /* not 0: some packet is chained or has something undone */
	uint32_t bytes;
	uint16_t port; /* id */
	/* A bit for each that came the short way (plain.h): its metadata has no source address. */
	uint64_t plain;
	struct rte_mbuf *pkts[OVNET_BURST];
};

static_assert(OVNET_BURST <= 64, "a bit for each packet of a buffer");

/* verify.h. All zero: nothing is verified. */
struct ovnet_verify {
	int64_t left;   /* packets until the next one is picked */
	uint32_t every; /* one in so many is; 0: none */
	bool picked;    /* since the round began some packet was marked */
};

/* Where packets of the again list go in. */
enum ovnet_entry {
	OVNET_ENTRY_REASSEMBLE,
	OVNET_ENTRY_PUNT,
	OVNET_ENTRY_ANSWER,
	OVNET_ENTRY_LOCAL,
};

/*
 * A burst's packets that go round again. Each gets here once at most (of its segments, one), only
 * fragments (as what they complete, too) a second time, and answers never. So there is room for all
 * of them; a full list, which only who drives stages alone can have, drops what comes.
 */
#define OVNET_AGAIN_MAX (2 * OVNET_BURST)

struct ovnet_again {
	uint16_t n;
	uint8_t entry[OVNET_AGAIN_MAX];  /* enum ovnet_entry */
	uint8_t reason[OVNET_AGAIN_MAX]; /* enum ovnet_drop: if it comes to that */
	struct rte_mbuf *pkts[OVNET_AGAIN_MAX];
};

/* What all workers share: control writes before launch or by the _Atomic members, workers read. */
struct ovnet_path_shared {
	/* Read by every worker once per burst or loop, written on changes only. */
	struct ovnet_fib fib;
	_Atomic(const struct ovnet_queue_map *) map;
	_Atomic(struct ovnet_taps *) taps; /* ovnet_taps_add(); NULL: off */
	uint16_t n_workers;
	struct rte_mempool *pool; /* control: for what it sends itself; NULL: nothing */
	struct ovnet_rcu rcu __rte_cache_aligned; /* its queue is the control thread's */
	struct ovnet_handoff handoff[OVNET_MAX_WORKERS];
	/* By port id: ovnet_guest_publish(). Looked at where a guest asks, not by every packet. */
	_Atomic(struct ovnet_guest *) guest[OVNET_MAX_PORTS];
};

/* One worker's own. worker: rw; control: ro on counters. */
struct ovnet_path_ctx {
	struct ovnet_path_shared *shared;
	const struct ovnet_queue_map *map; /* loaded once per loop */
	uint32_t map_generation;           /* of the last map whose leaving queues it looked at */
	uint16_t left_alone;               /* quiet queues the last round did not look at */
	const struct ovnet_taps *taps;     /* loaded once per burst */
	const struct ovnet_fib_view *view; /* loaded once per burst; NULL: no overlay yet */
	uint16_t worker;
	uint16_t ip_id;  /* outer IP id: counts up by n_workers from the worker's number */
	bool all_stages; /* no short way for plain packets: see plain.h */
	bool bare;       /* the burst's metadata is not written: see bare.h */
	uint8_t undone; /* OVNET_OFF_*: of all the packets that classify has let by in this burst */
	uint32_t out_caps; /* OVNET_CAP_*: of all the ports that deliver's last burst leaves by */
	struct ovnet_verify verify;
	struct ovnet_rate answers; /* of ICMP errors; all zero: no limit */
	/*
	 * As many replies of local, to each port by its id: who floods a worker with ARP takes away
	 * nobody else's.
	 */
	struct ovnet_rate replies[OVNET_MAX_PORTS];
	struct ovnet_counters *counters;
	struct ovnet_fragments *fragments; /* NULL: outer fragments are dropped */
	struct ovnet_dropped *dropped;     /* the last packets refused; NULL: they are not kept */
	struct ovnet_again again;          /* empty between bursts; looked at after each */
	/* A port gets the next buffer when it has a packet; none has one between rounds. */
	bool meta_read[OVNET_MAX_PORTS];  /* by port id: of its last burst metadata was read */
	uint8_t tx_slot[OVNET_MAX_PORTS]; /* by port id: number of its buffer + 1; 0: none */
	uint16_t n_tx;                    /* buffers in use, the first ones */
	struct ovnet_txbuf txbuf[OVNET_TX_BUFS];
} __rte_cache_aligned;

/* plain.h */
struct ovnet_plain_ops {
	void (*classify)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
		struct rte_mbuf *const *pkts, uint16_t n, struct plain *of);
	bool (*look_up)(struct ovnet_path_ctx *ctx, uint16_t n, struct plain *of);
	uint32_t (*change)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
		struct rte_mbuf *const *pkts, uint16_t n, const struct plain *of);
};

struct ovnet_path_ops {
	const char *level; /* "x86-64-v2", ... */
	/* One round: every own rx queue, the hand-off ring, flush. Returns packets seen. */
	unsigned (*poll)(struct ovnet_path_ctx *ctx);
	/* The stages from classify on for a burst from `port`; ends in tx buffers, not flushed. */
	void (*input)(struct ovnet_path_ctx *ctx, struct ovnet_port *port, struct rte_mbuf **pkts,
		uint16_t n);
	/* Sends what the tx buffers hold. */
	void (*flush)(struct ovnet_path_ctx *ctx);
	/*
	 * Single stages, for the stage benchmark. Lists are rewritten in place; what goes round
	 * again stays on its list.
	 */
	uint16_t (*rx)(struct ovnet_path_ctx *ctx, const struct ovnet_rxq_ref *ref,
		struct rte_mbuf **pkts);
	uint16_t (*classify)(struct ovnet_path_ctx *ctx, struct ovnet_port *port,
		struct rte_mbuf **pkts, uint16_t n);
	/* Leaves what goes to a peer, and adds to `across` what goes to a port of this node. */
	uint16_t (*route)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n,
		struct ovnet_lane *across);
	uint16_t (*encap)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
	uint16_t (*decap)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
	uint16_t (*deliver)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
	void (*tx)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
	/* The short way's steps, for it as well: level.h. */
	struct ovnet_plain_ops plain_out, plain_in;
	void (*tx_run)(struct ovnet_path_ctx *ctx, const struct ovnet_port *from, uint16_t id,
		struct rte_mbuf *const *pkts, uint16_t n, uint32_t bytes);
};

/*
 * The best table this CPU can run (`level` NULL or "auto"), or the one named ("x86-64-v2"...);
 * NULL: unknown or not able.
 */
const struct ovnet_path_ops *ovnet_path_select(const char *level);

/* Frees packets with a counted reason. */
void ovnet_drop(
	struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n, enum ovnet_drop reason);
/* Counts a packet that permissive validation lets by, though strict would drop it for `reason`. */
void ovnet_permit(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, enum ovnet_drop reason);

/*
 * Frees a copy of what the kernel has as well and is none of the overlay's: nothing is lost. This
 * and ovnet_drop are the only frees in this folder.
 */
void ovnet_absorb(struct ovnet_path_ctx *ctx, struct rte_mbuf *m);

#endif
