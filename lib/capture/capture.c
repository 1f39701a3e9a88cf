/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/capture.h"

#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "capture/copy.h"
#include "capture/trace.h"
#include "path/dropped.h"

static struct capture_counts *counts_of(struct capture_worker *w, const struct ovnet_port *port,
	enum packet_record_side side, bool raw)
{
	if (side == PACKET_RECORD_DROP)
		return &w->counts[2 * OVNET_MAX_PORTS + raw];
	return &w->counts[2 * port->id + (side == PACKET_RECORD_OUT)];
}

/* A packet that passes `port` or, refused, came by it. */
static void take(struct capture *c, uint16_t worker, const struct rte_mbuf *m,
	const struct ovnet_port *port, enum packet_record_side side, uint16_t reason, uint64_t tsc)
{
	struct capture_worker *w = &c->worker[worker];
	const bool l3 = port != NULL && (port->caps & OVNET_CAP_L3) != 0;
	bool raw = l3;

	if (side == PACKET_RECORD_DROP) {
		const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);
		raw = ovnet_is_raw(bytes, m->data_len, m->pkt_len, l3);
	}
	if (!capture_filter_match(&c->order.filter, ovnet_fib_view(&c->shared->fib), m, raw))
		return;
	struct capture_counts *counts = counts_of(w, port, side, raw);
	const uint64_t seen = atomic_load_explicit(&counts->seen, memory_order_relaxed);
	if (seen == 0) {
		counts->raw = raw;
		if (side != PACKET_RECORD_DROP)
			memcpy(counts->port, port->name, sizeof(counts->port));
	}
	atomic_store_explicit(&counts->seen, seen + 1, memory_order_release);
	struct packet_record *r = capture_copy(w, worker, m, port, raw, c->order.snap, tsc);
	if (r == NULL) {
		const uint64_t lost = atomic_load_explicit(&counts->lost, memory_order_relaxed);
		atomic_store_explicit(&counts->lost, lost + 1, memory_order_relaxed);
		return;
	}
	r->side = (uint8_t)side;
	r->reason = (uint8_t)reason;
	capture_ring_commit(&w->ring, r);
}

static void look(void *arg, uint16_t worker, enum ovnet_stage stage, uint16_t info,
	struct rte_mbuf **pkts, uint16_t n)
{
	struct capture *c = arg;

	if (stage != OVNET_STAGE_RX && stage != OVNET_STAGE_TX &&
		(stage != OVNET_STAGE_DROP || !c->order.drops))
		return;
	const uint64_t tsc = rte_rdtsc();
	for (uint16_t i = 0; i < n; i++) {
		const struct ovnet_meta *meta = ovnet_meta(pkts[i]);
		const uint16_t id = stage == OVNET_STAGE_TX ? meta->out_port : meta->in_port;
		const struct ovnet_port *port = capture_port(c, id);

		if (stage == OVNET_STAGE_DROP) {
			if (c->order.n_ports == 0 || capture_port_wanted(c, port))
				take(c, worker, pkts[i], port, PACKET_RECORD_DROP, info, tsc);
		} else if (!capture_port_wanted(c, port)) {
			continue;
		} else if (stage == OVNET_STAGE_RX) {
			take(c, worker, pkts[i], port, PACKET_RECORD_IN, 0, tsc);
		} else if (capture_sends(c, worker, id)) {
			take(c, worker, pkts[i], port, PACKET_RECORD_OUT, 0, tsc);
		}
	}
}

static int worker_init(struct capture_worker *w, uint64_t ring)
{
	w->counts = calloc(CAPTURE_COUNTS, sizeof(w->counts[0]));
	return w->counts != NULL ? capture_ring_init(&w->ring, ring) : -1;
}

struct capture *capture_new(
	const struct ovnet_path_shared *shared, const struct capture_order *order, uint32_t first)
{
	const size_t size =
		sizeof(struct capture) + shared->n_workers * sizeof(struct capture_worker);
	struct capture *c = aligned_alloc(
		RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(size, (size_t)RTE_CACHE_LINE_SIZE));

	if (c == NULL)
		return NULL;
	memset(c, 0, size);
	c->shared = shared;
	c->order = *order;
	c->first = first;
	c->n_workers = shared->n_workers;
	for (uint16_t i = 0; i < c->n_workers; i++)
		if (worker_init(&c->worker[i], CAPTURE_RING_BYTES) != 0) {
			capture_free(c);
			return NULL;
		}
	return c;
}

void capture_free(struct capture *c)
{
	if (c == NULL)
		return;
	for (uint16_t i = 0; i < c->n_workers; i++) {
		capture_ring_fini(&c->worker[i].ring);
		free(c->worker[i].counts);
	}
	free(c);
}

void capture_release(struct ovnet_rcu_head *head)
{
	capture_free((struct capture *)(void *)head);
}

int capture_start(struct capture *c, struct ovnet_path_shared *shared)
{
	return ovnet_taps_add(shared, c->order.trace ? capture_trace_look : look, c);
}

int capture_stop(struct capture *c, struct ovnet_path_shared *shared)
{
	return ovnet_taps_remove(shared, c->order.trace ? capture_trace_look : look, c);
}
