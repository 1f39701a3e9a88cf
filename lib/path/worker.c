/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/worker.h"

#include <unistd.h>

#include <rte_cycles.h>

#include "base/log.h"
#include "path/fragments.h"
#include "path/sleep.h"

OVNET_LOG_TYPE(worker)

#define RAMP_STEPS 8 /* the shortest ramp but none is that part of the longest */

static void account(struct ovnet_counters *c, uint64_t cycles, unsigned seen)
{
	c->loops++;
	c->total_cycles += cycles;
	if (seen > 0)
		c->busy_cycles += cycles;
	else
		c->idle_loops++;
}

/* Packets came: would it have paid to wait for them awake? */
static void set_ramp(struct ovnet_worker *w, uint64_t gap)
{
	const uint64_t most = w->ramp_us * rte_get_tsc_hz() / 1000000;

	if (gap <= most)
		w->ramp = RTE_MIN(most, RTE_MAX(2 * w->ramp, most / RAMP_STEPS));
	else
		w->ramp = w->ramp / 2 < most / RAMP_STEPS ? 0 : w->ramp / 2;
}

static void loop(struct ovnet_worker *w)
{
	struct ovnet_path_ctx *ctx = &w->ctx;
	uint64_t last = rte_rdtsc();
	bool slept = false;

	w->last_packet = last;

	while (!atomic_load_explicit(&w->stop, memory_order_acquire)) {
		unsigned seen = w->ops->poll(ctx);
		uint64_t now = rte_rdtsc();
		/* Before the report: what it drops is shown to this round's taps. */
		if (ctx->fragments != NULL && unlikely(now >= ctx->fragments->due))
			ovnet_fragments_expire(ctx, now);
		/* The tx buffers are empty: no packet, no pointer of a table is kept. */
		ovnet_rcu_reader_quiescent(&ctx->shared->rcu, ctx->worker);
		account(&w->counters, now - last, seen);
		last = now;
		if (seen > 0) {
			if (slept)
				set_ramp(w, now - w->last_packet);
			w->last_packet = now;
			slept = false;
		}
		if (now - w->last_packet < w->ramp || seen > 0 || w->poll_only) {
			worker_look(w);
			continue;
		}
		worker_sleep(w);
		slept = true;
		last = rte_rdtsc();
	}
}

/* The ports' packets stay theirs; what other workers handed over is ours to account for. */
static void drop_handed_over(struct ovnet_path_ctx *ctx)
{
	struct ovnet_handoff *h = &ctx->shared->handoff[ctx->worker];
	struct rte_mbuf *pkts[OVNET_BURST];
	uint16_t n;

	if (h->ring == NULL)
		return;
	while ((n = ovnet_handoff_pop(h, pkts, OVNET_BURST)) > 0)
		ovnet_drop(ctx, pkts, n, OVNET_DROP_STOPPING);
}

int ovnet_worker_main(void *arg)
{
	struct ovnet_worker *w = arg;
	struct ovnet_path_ctx *ctx = &w->ctx;
	struct ovnet_rcu *rcu = &ctx->shared->rcu;

	ctx->counters = &w->counters;
	ctx->ip_id = ctx->worker;
	ovnet_rate_init(&ctx->answers, OVNET_ANSWERS_PER_SECOND, OVNET_ANSWERS_AT_ONCE,
		rte_get_tsc_hz(), rte_rdtsc());
	for (unsigned i = 0; i < OVNET_MAX_PORTS; i++)
		ctx->replies[i] = ctx->answers;
	w->epoll_fd = -1;
	if (ovnet_rcu_reader_add(rcu, ctx->worker) != 0) {
		LOG(ERR, "worker %u cannot register as an RCU reader: more workers than at start",
			ctx->worker);
		return 0;
	}
	ovnet_rcu_reader_online(rcu, ctx->worker);
	loop(w);
	/* Taps and map of the last round may be gone: a quiescent state lies in between. */
	ctx->taps = atomic_load_explicit(&ctx->shared->taps, memory_order_acquire);
	ctx->map = atomic_load_explicit(&ctx->shared->map, memory_order_acquire);
	drop_handed_over(ctx);
	if (ctx->fragments != NULL)
		ovnet_fragments_drop(ctx, OVNET_DROP_STOPPING);
	ovnet_rcu_reader_offline(rcu, ctx->worker);
	ovnet_rcu_reader_remove(rcu, ctx->worker);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	w->epoll_fd = -1;
	return 0;
}

void ovnet_worker_stop(struct ovnet_worker *w)
{
	atomic_store(&w->stop, true);
	ovnet_handoff_wake(&w->ctx.shared->handoff[w->ctx.worker]);
}
