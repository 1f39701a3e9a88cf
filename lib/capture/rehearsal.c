/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/rehearsal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/large.h"
#include "path/taps.h"

/* A port as it is, but for what it sends by. */
struct stand_in {
	struct ovnet_port port;
	struct ovnet_port_queue queue;
};

struct stage_set {
	struct ovnet_path_shared shared;
	struct ovnet_path_ctx ctx;
	struct ovnet_counters counters;
	uint16_t n;
	struct stand_in *ports;
	struct ovnet_port *by_id[OVNET_MAX_PORTS];
	struct ovnet_rehearsal *out;
};

static void note_stage(void *arg, uint16_t worker, enum ovnet_stage stage, uint16_t info,
	struct rte_mbuf **pkts, uint16_t n)
{
	struct ovnet_rehearsal *out = arg;

	(void)worker, (void)pkts, (void)n;
	if (out->n_steps == OVNET_REHEARSAL_STEPS)
		return;
	out->step[out->n_steps].stage = (uint8_t)stage;
	out->step[out->n_steps++].reason = (uint8_t)info;
}

static void note_sent(
	struct ovnet_rehearsal *out, const struct ovnet_port *port, struct rte_mbuf *m)
{
	struct ovnet_rehearsal_sent *sent = &out->sent[out->n_sent];
	bool made = (ovnet_meta(m)->flags & OVNET_META_ANSWER) != 0;

	if (out->n_sent == OVNET_REHEARSAL_SENT)
		return;
	out->n_sent++;
	for (unsigned i = 0; i < out->n_steps; i++)
		made |= out->step[i].stage == OVNET_STAGE_LOCAL;
	sent->port = port->id;
	sent->answer = made && port->id == out->port;
	sent->len = m->pkt_len;
	sent->captured = RTE_MIN(m->pkt_len, (uint32_t)OVNET_REHEARSAL_BYTES);
	const void *bytes = rte_pktmbuf_read(m, 0, sent->captured, sent->bytes);
	if (bytes != NULL && bytes != sent->bytes)
		memcpy(sent->bytes, bytes, sent->captured);
}

static uint16_t send_nowhere(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		note_sent(q->port->priv, q->port, pkts[i]);
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

static const struct ovnet_driver nowhere = {.name = "rehearsal", .tx = send_nowhere};

static int stand_in_for(struct stage_set *s, const struct ovnet_queue_map *map)
{
	s->n = map->n_ports;
	s->ports = calloc(RTE_MAX(s->n, (uint16_t)1), sizeof(s->ports[0]));
	if (s->ports == NULL)
		return -ENOMEM;
	for (uint16_t id = 0; id < s->n; id++) {
		struct stand_in *it = &s->ports[id];
		const struct ovnet_port *like = map->port[id];

		if (like == NULL)
			continue;
		memcpy(&it->port, like, sizeof(it->port));
		it->port.driver = &nowhere;
		it->port.n_rxq = 0;
		it->port.n_txq = 1;
		it->port.n_workers = 0;
		it->port.queue[0] = &it->queue;
		it->port.priv = s->out;
		it->queue.port = &it->port;
		s->by_id[id] = &it->port;
	}
	return 0;
}

/* The tables are shared, nothing else is. */
static int set_up(struct stage_set *s, const struct ovnet_path_shared *path, uint32_t max_peers)
{
	const struct ovnet_queue_map *map = atomic_load(&path->map);
	struct ovnet_queue_map *own;
	int rc = map != NULL ? stand_in_for(s, map) : -ENODEV;

	if (rc < 0)
		return rc;
	atomic_store(&s->shared.fib.view, atomic_load(&path->fib.view));
	atomic_store(&s->shared.fib.sources, atomic_load(&path->fib.sources));
	atomic_store(&s->shared.fib.sources6, atomic_load(&path->fib.sources6));
	atomic_store(&s->shared.fib.ingress, atomic_load(&path->fib.ingress));
	for (unsigned i = 0; i < OVNET_MAX_PORTS; i++)
		atomic_store(&s->shared.guest[i], atomic_load(&path->guest[i]));
	s->shared.n_workers = 1;
	s->shared.pool = path->pool;
	own = ovnet_queue_map_build(s->by_id, s->n, 1, 1);
	atomic_store(&s->shared.map, own);
	s->counters.peers = max_peers;
	s->counters.peer = ovnet_large_calloc(max_peers, sizeof(s->counters.peer[0]));
	s->ctx.shared = &s->shared;
	s->ctx.map = own;
	s->ctx.counters = &s->counters;
	s->ctx.all_stages = true;
	if (own == NULL || s->counters.peer == NULL)
		return -ENOMEM;
	return ovnet_taps_add(&s->shared, note_stage, s->out);
}

static void tear_down(struct stage_set *s, uint32_t max_peers)
{
	free(atomic_load(&s->shared.taps)); /* seen by nobody else */
	free((void *)(uintptr_t)s->ctx.map);
	ovnet_large_free(s->counters.peer, max_peers, sizeof(s->counters.peer[0]));
	free(s->ports);
}

/* In as many buffers as it takes. NULL: there are none left. */
static struct rte_mbuf *packet_of(
	struct rte_mempool *pool, uint16_t port, const uint8_t *bytes, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool), *last = m;

	while (last != NULL) {
		const uint16_t n = (uint16_t)RTE_MIN(len, (uint32_t)rte_pktmbuf_tailroom(last));
		memcpy(rte_pktmbuf_mtod(last, void *), bytes, n);
		last->data_len = n;
		bytes += n;
		len -= n;
		m->pkt_len += n;
		if (len == 0)
			break;
		last->next = rte_pktmbuf_alloc(pool);
		last = last->next;
		m->nb_segs += last != NULL;
	}
	if (last == NULL) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	ovnet_meta_reset(m, port);
	return m;
}

static int run(struct stage_set *s, const struct ovnet_path_ops *ops, uint16_t port,
	const uint8_t *bytes, uint32_t len)
{
	if (port >= s->n || s->by_id[port] == NULL)
		return -ENODEV;
	struct rte_mbuf *m = packet_of(s->shared.pool, port, bytes, len);
	if (m == NULL)
		return -ENOMEM;
	ops->input(&s->ctx, s->by_id[port], &m, 1);
	ops->flush(&s->ctx);
	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		s->out->permitted[i] = s->counters.permitted[i] != 0;
	s->out->absorbed = s->counters.absorbed;
	return 0;
}

int ovnet_rehearse(const struct ovnet_path_shared *path, const struct ovnet_path_ops *ops,
	uint32_t max_peers, uint16_t port, const uint8_t *bytes, uint32_t len,
	struct ovnet_rehearsal *out)
{
	const size_t size = RTE_ALIGN_CEIL(sizeof(struct stage_set), (size_t)RTE_CACHE_LINE_SIZE);
	struct stage_set *s = aligned_alloc(RTE_CACHE_LINE_SIZE, size);

	*out = (struct ovnet_rehearsal){.port = port};
	if (s == NULL)
		return -ENOMEM;
	memset(s, 0, size);
	s->out = out;
	int rc = set_up(s, path, max_peers);
	if (rc == 0)
		rc = run(s, ops, port, bytes, len);
	tear_down(s, max_peers);
	free(s);
	return rc;
}
