/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/trace.h"

#include <rte_cycles.h>

#include "capture/copy.h"
#include "path/dropped.h"

/* One more packet to follow, if there are to be more. */
static void mark(struct capture *c, struct rte_mbuf *m)
{
	if (atomic_load_explicit(&c->next, memory_order_relaxed) >= c->order.packets)
		return;
	const struct ovnet_port *port = capture_port(c, ovnet_meta(m)->in_port);
	if (!capture_port_wanted(c, port) ||
		!capture_filter_match(&c->order.filter, ovnet_fib_view(&c->shared->fib), m,
			(port->caps & OVNET_CAP_L3) != 0))
		return;
	const uint32_t number = atomic_fetch_add_explicit(&c->next, 1, memory_order_relaxed);
	if (number >= c->order.packets)
		return;
	ovnet_meta(m)->trace = c->first + number;
	ovnet_meta(m)->flags |= OVNET_META_TRACE;
}

/* What was marked by a former trace may still be on its way. */
static bool is_followed(const struct capture *c, struct rte_mbuf *m)
{
	const struct ovnet_meta *meta = ovnet_meta(m);

	return (meta->flags & OVNET_META_TRACE) != 0 && meta->trace - c->first < c->order.packets;
}

static void tell(struct capture *c, uint16_t worker, enum ovnet_stage stage, uint16_t info,
	struct rte_mbuf *m, uint64_t tsc)
{
	struct capture_worker *w = &c->worker[worker];
	const struct ovnet_meta *meta = ovnet_meta(m);
	const struct ovnet_port *port =
		capture_port(c, stage == OVNET_STAGE_TX ? meta->out_port : meta->in_port);
	enum packet_record_side side = PACKET_RECORD_ON_ITS_WAY;
	const bool l3 = port != NULL && (port->caps & OVNET_CAP_L3) != 0;
	bool raw = l3;

	if (stage == OVNET_STAGE_RX)
		side = PACKET_RECORD_IN;
	else if (stage == OVNET_STAGE_DROP)
		side = PACKET_RECORD_DROP;
	else if (stage == OVNET_STAGE_TX && port != NULL && capture_sends(c, worker, port->id))
		side = PACKET_RECORD_OUT;
	if (stage != OVNET_STAGE_RX && stage != OVNET_STAGE_TX)
		raw = ovnet_is_raw(
			rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, m->pkt_len, l3);
	struct packet_record *r = capture_copy(
		w, worker, m, port, raw, side == PACKET_RECORD_ON_ITS_WAY ? 0 : c->order.snap, tsc);
	if (r == NULL) {
		const uint64_t lost =
			atomic_load_explicit(&w->counts[0].lost, memory_order_relaxed);
		atomic_store_explicit(&w->counts[0].lost, lost + 1, memory_order_relaxed);
		return;
	}
	r->side = (uint8_t)side;
	r->stage = (uint8_t)stage;
	r->reason = (uint8_t)info;
	r->trace = meta->trace - c->first + 1;
	capture_ring_commit(&w->ring, r);
}

void capture_trace_look(void *arg, uint16_t worker, enum ovnet_stage stage, uint16_t info,
	struct rte_mbuf **pkts, uint16_t n)
{
	struct capture *c = arg;
	const uint64_t tsc = rte_rdtsc();

	for (uint16_t i = 0; i < n; i++) {
		if (stage == OVNET_STAGE_RX)
			mark(c, pkts[i]);
		if (is_followed(c, pkts[i]))
			tell(c, worker, stage, info, pkts[i], tsc);
	}
}
