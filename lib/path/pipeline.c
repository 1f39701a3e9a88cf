/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/levels.h"
#include "path/local.h"
#include "path/verify.h"

#include "path/level.h"

#define LEVEL_TEXT_(level) "x86-64-" #level
#define LEVEL_TEXT(level)  LEVEL_TEXT_(level)

/* Bursts taken from the hand-off ring per round: more than one worker's, so that it drains. */
#define HANDOFF_BURSTS 4
/* Looks at a queue that find nothing until it is quiet. */
#define QUIET_LOOKS 4

/* A burst with packets that may have to be cut; what was in front of them leaves in front of them.
 */
static __rte_noinline void leave_cut(
	struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n, bool to_peers)
{
	struct rte_mbuf *out[OVNET_BURST];
	struct segments s;

	segments_begin(&s, pkts, n, to_peers);
	while ((n = STAGE(segment)(ctx, &s, out)) != 0) {
		if (to_peers)
			n = STAGE(encap)(ctx, out, n);
		STAGE(tx)(ctx, out, n);
	}
}

static inline void to_peers(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	if (unlikely(ctx->undone & OVNET_OFF_GSO))
		leave_cut(ctx, pkts, n, true);
	else
		STAGE(tx)(ctx, pkts, STAGE(encap)(ctx, pkts, n));
}

static inline void to_ports(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	if (unlikely(ctx->undone & OVNET_OFF_GSO))
		leave_cut(ctx, pkts, n, false);
	else
		STAGE(tx)(ctx, pkts, n);
}

/* To where they live; as few as the ports take, where one takes them merged. */
static inline void deliver(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	n = STAGE(deliver)(ctx, pkts, n);
	if (n > 1 && (ctx->out_caps & OVNET_CAP_TX_GSO) != 0)
		n = STAGE(merge)(ctx, pkts, n);
	to_ports(ctx, pkts, n);
}

/* From `stage` on. */
static inline void go_on(
	struct ovnet_path_ctx *ctx, enum ovnet_stage stage, struct rte_mbuf **pkts, uint16_t n)
{
	struct ovnet_lane across;

	across.n = 0;
	switch (stage) {
	case OVNET_STAGE_ROUTE:
		verify_pick(ctx, pkts, n);
		n = STAGE(route)(ctx, pkts, n, &across);
		/* fallthrough */
	case OVNET_STAGE_ENCAP:
		to_peers(ctx, pkts, n);
		break;
	case OVNET_STAGE_DECAP:
		n = STAGE(decap)(ctx, pkts, n);
		verify_pick(ctx, pkts, n);
		/* fallthrough */
	case OVNET_STAGE_DELIVER:
		deliver(ctx, pkts, n);
		break;
	default:
		to_ports(ctx, pkts, n);
		break;
	}
	if (unlikely(across.n != 0))
		deliver(ctx, across.pkts, across.n);
}

static void answer(
	struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, const uint8_t *reasons, uint16_t n);

/* One packet's segments, which were refused as it was. */
static void answer_segments(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, uint8_t reason)
{
	struct rte_mbuf *out[OVNET_BURST];
	uint8_t reasons[OVNET_BURST];
	struct segments s;
	uint16_t n;

	memset(reasons, reason, sizeof(reasons));
	segments_begin(&s, &m, 1, true);
	while ((n = STAGE(segment)(ctx, &s, out)) != 0)
		answer(ctx, out, reasons, n);
}

static void answer(
	struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, const uint8_t *reasons, uint16_t n)
{
	struct refused bad;
	struct answer a;

	bad.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		uint8_t reason = reasons[i];

		STAGE(answer)(ctx, pkts[i], &reason, &a);
		if (a.segments)
			answer_segments(ctx, pkts[i], reason);
		else if (!a.gone)
			refuse(&bad, pkts[i], reason);
		if (a.n > 0)
			go_on(ctx, a.next, a.pkts, a.n);
	}
	refused_drop(ctx, &bad);
}

/*
 * What the burst left. The list grows while it is worked off, by what reassembled datagrams leave,
 * but only to its end.
 */
static __rte_noinline void run_again(struct ovnet_path_ctx *ctx, const struct ovnet_port *port)
{
	struct ovnet_again *list = &ctx->again;

	for (uint16_t i = 0, run; i < list->n; i += run) {
		struct rte_mbuf **pkts = list->pkts + i;
		const uint8_t entry = list->entry[i];
		uint16_t n;

		for (run = 1; run < OVNET_BURST && i + run < list->n; run++)
			if (list->entry[i + run] != entry)
				break;
		switch ((enum ovnet_entry)entry) {
		case OVNET_ENTRY_REASSEMBLE:
			n = STAGE(reassemble)(ctx, port, pkts, run);
			n = STAGE(classify_whole)(ctx, port, pkts, n);
			go_on(ctx, OVNET_STAGE_DECAP, pkts, n);
			break;
		case OVNET_ENTRY_PUNT:
			n = STAGE(punt)(ctx, port, pkts, run);
			STAGE(tx)(ctx, pkts, n);
			break;
		case OVNET_ENTRY_LOCAL:
			n = ovnet_local(ctx, port, pkts, run);
			STAGE(tx)(ctx, pkts, n);
			break;
		case OVNET_ENTRY_ANSWER:
			answer(ctx, pkts, list->reason + i, run);
			break;
		}
	}
	list->n = 0;
}

/* Where a port's packets go on behind classify. */
static inline enum ovnet_stage behind_classify(const struct ovnet_port *port)
{
	switch (port->role) {
	case OVNET_PORT_UPLINK:
		return OVNET_STAGE_DECAP;
	case OVNET_PORT_TWIN:
		return OVNET_STAGE_TX;
	default:
		return OVNET_STAGE_ROUTE;
	}
}

static void by_stages(
	struct ovnet_path_ctx *ctx, struct ovnet_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	n = STAGE(classify)(ctx, port, pkts, n);
	go_on(ctx, behind_classify(port), pkts, n);
}

/* How many of them, from the first one on, go the same way: plain by one port, or by the stages. */
static inline uint16_t run_of(const struct plain *of, uint16_t n)
{
	uint16_t i = 1;

	if (of->ip != NULL)
		while (i < n && of[i].ip != NULL && of[i].out == of->out)
			i++;
	else
		while (i < n && of[i].ip == NULL)
			i++;
	return i;
}

/* As by the stages they stand for. */
static inline void count_plain(struct ovnet_path_ctx *ctx, uint16_t n, bool in)
{
	const enum ovnet_stage stage[] = {OVNET_STAGE_CLASSIFY,
		in ? OVNET_STAGE_DECAP : OVNET_STAGE_ROUTE,
		in ? OVNET_STAGE_DELIVER : OVNET_STAGE_ENCAP};

	for (unsigned i = 0; i < RTE_DIM(stage); i++) {
		ctx->counters->stage_packets[stage[i]] += n;
		ctx->counters->stage_bursts[stage[i]]++;
	}
	ctx->verify.left -= n;
}

static void by_plain(
	struct ovnet_path_ctx *ctx, struct ovnet_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	const bool in = port->role == OVNET_PORT_UPLINK;
	struct plain of[OVNET_BURST];
	bool alike;

	if (in) {
		STAGE(plain_classify_in)(ctx, port, pkts, n, of);
		alike = STAGE(plain_decap)(ctx, n, of);
	} else {
		STAGE(plain_classify_out)(ctx, port, pkts, n, of);
		alike = STAGE(plain_route)(ctx, n, of);
	}
	for (uint16_t i = 0, run; i < n; i += run) {
		run = likely(alike) ? n - i : run_of(of + i, n - i);
		/* One that is to be verified goes by the stages, which see to it. */
		if (unlikely(ctx->verify.left < run) && of[i].ip != NULL) {
			run = (uint16_t)RTE_MAX(ctx->verify.left, 1);
			if (ctx->verify.left == 0)
				of[i].ip = NULL;
		}
		if (unlikely(of[i].ip == NULL)) {
			by_stages(ctx, port, pkts + i, run);
			continue;
		}
		const uint32_t bytes = in ? STAGE(plain_deliver)(ctx, port, pkts + i, run, of + i)
					  : STAGE(plain_encap)(ctx, port, pkts + i, run, of + i);
		count_plain(ctx, run, in);
		STAGE(tx_run)(ctx, port, of[i].out, pkts + i, run, bytes);
	}
}

static void input(
	struct ovnet_path_ctx *ctx, struct ovnet_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	ctx->taps = atomic_load_explicit(&ctx->shared->taps, memory_order_acquire);
	ctx->view = ovnet_fib_view(&ctx->shared->fib);
	if (likely(plain_from_port(ctx, port)))
		by_plain(ctx, port, pkts, n);
	else
		by_stages(ctx, port, pkts, n);
	ctx->bare = false;
	if (unlikely(ctx->again.n != 0))
		run_again(ctx, port);
}

/* The port may have gone while the packet was in the ring, another may have its id. */
static uint16_t refuse_stale(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	struct refused bad;
	uint16_t kept = 0;

	bad.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		const struct ovnet_meta *meta = ovnet_meta(pkts[i]);
		const struct ovnet_port *port =
			ctx->map != NULL && meta->out_port < ctx->map->n_ports
				? ctx->map->port[meta->out_port]
				: NULL;

		if (likely(port != NULL && port->generation == meta->out_generation))
			pkts[kept++] = pkts[i];
		else
			refuse(&bad, pkts[i], OVNET_DROP_NO_PORT);
	}
	refused_drop(ctx, &bad);
	return kept;
}

static unsigned take_handed_over(struct ovnet_path_ctx *ctx)
{
	struct ovnet_handoff *h = &ctx->shared->handoff[ctx->worker];
	struct rte_mbuf *pkts[OVNET_BURST];
	unsigned seen = 0;

	if (h->ring == NULL)
		return 0;
	for (unsigned i = 0; i < HANDOFF_BURSTS; i++) {
		uint16_t n = ovnet_handoff_pop(h, pkts, OVNET_BURST);
		STAGE(tx)(ctx, pkts, refuse_stale(ctx, pkts, n));
		seen += n;
		if (n < OVNET_BURST)
			break;
	}
	return seen;
}

/*
 * A new map: what is to be another worker's becomes his, with nothing of ours undone: between
 * rounds the tx buffers are empty. He may be asleep, without having armed the queue.
 */
static __rte_noinline void give_away(struct ovnet_path_ctx *ctx)
{
	const struct ovnet_queue_map *map = ctx->map;

	ctx->map_generation = map->generation;
	for (uint32_t i = 0; i < map->n_leaving; i++) {
		const struct ovnet_queue_leaving *it = &map->leaving[i];

		if (it->from != ctx->worker || ovnet_queue_owner(it->q) != ctx->worker)
			continue;
		if (it->q->port->driver->disarm != NULL)
			it->q->port->driver->disarm(it->q);
		atomic_store_explicit(&it->q->owner, (uint8_t)(it->to + 1), memory_order_release);
		ovnet_handoff_wake(&ctx->shared->handoff[it->to]);
	}
}

/* Its worker's epoll set will tell. */
static inline bool may_be_left(const struct ovnet_port_queue *q, const struct ovnet_queue_map *map)
{
	return q->quiet >= QUIET_LOOKS && q->watched == map->generation;
}

static unsigned poll(struct ovnet_path_ctx *ctx)
{
	struct rte_mbuf *pkts[OVNET_BURST];
	unsigned seen = 0;

	ctx->left_alone = 0;
	ctx->verify.picked = false;
	ctx->map = atomic_load_explicit(&ctx->shared->map, memory_order_acquire);
	if (unlikely(ctx->map != NULL && ctx->map->generation != ctx->map_generation))
		give_away(ctx);
	ctx->taps = atomic_load_explicit(&ctx->shared->taps, memory_order_acquire);
	if (likely(ctx->map != NULL)) {
		const struct ovnet_worker_ports *own = &ctx->map->worker[ctx->worker];
		for (uint16_t i = 0; i < own->n_rx; i++) {
			if (unlikely(ovnet_queue_owner(own->rx[i].q) != ctx->worker))
				continue; /* its former worker has not looked yet */
			if (may_be_left(own->rx[i].q, ctx->map)) {
				ctx->left_alone++;
				continue;
			}
			uint16_t n = STAGE(rx)(ctx, &own->rx[i], pkts);
			if (n == 0) {
				own->rx[i].q->quiet += own->rx[i].q->quiet < QUIET_LOOKS;
				continue;
			}
			own->rx[i].q->quiet = 0;
			input(ctx, own->rx[i].port, pkts, n);
			seen += n;
		}
	}
	seen += take_handed_over(ctx);
	STAGE(flush)(ctx);
	return seen;
}

const struct ovnet_path_ops LEVEL_GLUE(path_ops, OVNET_LEVEL) = {
	.level = LEVEL_TEXT(OVNET_LEVEL),
	.poll = poll,
	.input = input,
	.flush = STAGE(flush),
	.rx = STAGE(rx),
	.classify = STAGE(classify),
	.route = STAGE(route),
	.encap = STAGE(encap),
	.decap = STAGE(decap),
	.deliver = STAGE(deliver),
	.tx = STAGE(tx),
	.plain_out = {STAGE(plain_classify_out), STAGE(plain_route), STAGE(plain_encap)},
	.plain_in = {STAGE(plain_classify_in), STAGE(plain_decap), STAGE(plain_deliver)},
	.tx_run = STAGE(tx_run),
};
