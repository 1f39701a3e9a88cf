/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/path_ways.h"

/* What the buffers' last packets left there. */
#define STAGES_GARBAGE 0x5a
#define PLAIN_GARBAGE  0xa5

/* `ring`: of its first hand-off ring, which have names in the process. */
static struct bed *open_one(uint16_t workers, uint16_t ring, void (*set_up)(struct bed *b))
{
	struct bed *b = bed_open(workers);

	memset(&b->ctx.answers, 0, sizeof(b->ctx.answers)); /* no limit */
	b->ctx.verify.left = INT64_MAX;                     /* as behind the first burst */
	for (uint16_t i = 1; i < workers; i++)
		assert_int_equal(ovnet_handoff_init(&b->shared.handoff[i], (uint16_t)(ring + i), 32,
					 SOCKET_ID_ANY),
			0);
	bed_map(b, (1 << N_PORTS) - 1);
	if (set_up != NULL)
		set_up(b);
	return b;
}

void ways_open(struct ways *w, uint16_t workers, void (*set_up)(struct bed *b))
{
	*w = (struct ways){.what = "",
		.by_stages = open_one(workers, 0, set_up),
		.plain = open_one(workers, workers, set_up)};
	w->by_stages->ctx.all_stages = true;
}

static void close_one(struct bed *b)
{
	for (uint16_t i = 1; i < b->shared.n_workers; i++)
		ovnet_handoff_fini(&b->shared.handoff[i]);
}

void ways_close(struct ways *w)
{
	close_one(w->by_stages);
	close_one(w->plain);
	bed_close(w->by_stages);
	bed_close(w->plain);
}

void ways_change(struct ways *w, void (*change)(struct bed *b))
{
	change(w->by_stages);
	change(w->plain);
	ovnet_rcu_reclaim(&w->by_stages->shared.rcu);
	ovnet_rcu_reclaim(&w->plain->shared.rcu);
}

/* `bare`: by a driver that leaves the metadata alone. */
static struct rte_mbuf *packet_of(unsigned port, const struct ways_frame *f, int garbage, bool bare)
{
	struct rte_mbuf *m = bed_packet((uint16_t)port, f->bytes, f->len, f->first, f->seg);
	struct ovnet_meta *meta = ovnet_meta(m);

	if (f->headroom != 0) {
		memmove((char *)m->buf_addr + f->headroom, rte_pktmbuf_mtod(m, char *),
			m->data_len);
		m->data_off = f->headroom;
	}
	for (struct rte_mbuf *s = m; s != NULL; s = s->next) {
		memset(s->buf_addr, garbage, s->data_off);
		memset(rte_pktmbuf_mtod_offset(s, char *, s->data_len), garbage,
			rte_pktmbuf_tailroom(s));
	}
	memset(meta, garbage, sizeof(*meta));
	if (!bare) {
		ovnet_meta_reset(m, (uint16_t)port);
		meta->offload = f->offload;
		meta->flags = f->flags;
	}
	if (f->flags & OVNET_META_HASH)
		meta->hash = f->hash;
	if (f->offload != 0) {
		meta->csum_start = f->csum_start;
		meta->csum_offset = f->csum_offset;
	}
	m->ol_flags |= f->ol_flags;
	m->packet_type = f->packet_type;
	if (f->ol_flags & RTE_MBUF_F_RX_RSS_HASH)
		m->hash.rss = f->rss;
	return m;
}

static void receive(struct bed *b, unsigned port, const struct ways_frame *f, unsigned n,
	int garbage, bool bare)
{
	struct rte_mbuf *pkts[OVNET_BURST];

	assert_in_range(n, 1, OVNET_BURST);
	for (unsigned i = 0; i < n; i++)
		pkts[i] = packet_of(port, &f[i], garbage, bare);
	b->ctx.verify.picked = false;
	b->ctx.bare = bare;
	ops->input(&b->ctx, &b->port[port].port, pkts, (uint16_t)n);
	ops->flush(&b->ctx);
	assert_int_equal(b->ctx.again.n, 0);
}

static void same_bytes(
	const struct ways *w, const char *where, struct rte_mbuf *a, struct rte_mbuf *b)
{
	uint8_t room_a[UINT16_MAX], room_b[UINT16_MAX];

	rte_mbuf_sanity_check(a, 1);
	rte_mbuf_sanity_check(b, 1);
	if (a->pkt_len != b->pkt_len)
		fail_msg("%s: by %s %u bytes by the stages, %u the short way", w->what, where,
			a->pkt_len, b->pkt_len);
	const uint8_t *at_a = rte_pktmbuf_read(a, 0, a->pkt_len, room_a);
	const uint8_t *at_b = rte_pktmbuf_read(b, 0, b->pkt_len, room_b);
	assert_non_null(at_a);
	assert_non_null(at_b);
	for (uint32_t i = 0; i < a->pkt_len; i++)
		if (at_a[i] != at_b[i])
			fail_msg("%s: by %s byte %u of %u is %02x by the stages, %02x the short "
				 "way",
				w->what, where, i, a->pkt_len, at_a[i], at_b[i]);
}

static void same_undone(struct rte_mbuf *a, struct rte_mbuf *b)
{
	assert_int_equal(ovnet_meta(a)->offload, ovnet_meta(b)->offload);
}

static void count_sent(struct ways *w, struct rte_mbuf *b)
{
	w->sent++;
	w->short_way += ovnet_meta(b)->ip_version == PLAIN_GARBAGE;
}

static void same_sent(struct ways *w)
{
	for (unsigned i = 0; i < N_PORTS; i++) {
		struct bed_port *a = &w->by_stages->port[i], *b = &w->plain->port[i];
		char where[16];

		snprintf(where, sizeof(where), "port %u", i);
		if (a->n_out != b->n_out)
			fail_msg("%s: by %s %u packets by the stages, %u the short way", w->what,
				where, a->n_out, b->n_out);
		for (unsigned k = 0; k < a->n_out; k++) {
			same_bytes(w, where, a->out[k], b->out[k]);
			if ((b->port.caps & OVNET_CAP_BARE) == 0)
				same_undone(a->out[k], b->out[k]);
			count_sent(w, b->out[k]);
		}
	}
	bed_drain(w->by_stages);
	bed_drain(w->plain);
}

/* For other workers. */
static void same_handed_over(struct ways *w)
{
	for (uint16_t i = 1; i < w->plain->shared.n_workers; i++) {
		struct rte_mbuf *a, *b;

		while (ovnet_handoff_pop(&w->by_stages->shared.handoff[i], &a, 1) == 1) {
			assert_int_equal(ovnet_handoff_pop(&w->plain->shared.handoff[i], &b, 1), 1);
			const struct ovnet_meta *of_a = ovnet_meta(a), *of_b = ovnet_meta(b);
			same_bytes(w, "hand-over", a, b);
			same_undone(a, b);
			assert_int_equal(of_a->out_port, of_b->out_port);
			assert_int_equal(of_a->out_generation, of_b->out_generation);
			/* What the other one's drops tell. */
			assert_int_equal(of_a->src_version, of_b->src_version);
			assert_memory_equal(
				of_a->src6, of_b->src6, of_a->src_version == 6 ? 16 : 4);
			count_sent(w, b);
			rte_pktmbuf_free(a);
			rte_pktmbuf_free(b);
		}
		assert_int_equal(ovnet_handoff_pop(&w->plain->shared.handoff[i], &b, 1), 0);
	}
}

static void same_numbers(
	const struct ways *w, const char *name, const void *a, const void *b, size_t size)
{
	const uint64_t *x = a, *y = b;

	for (size_t i = 0; i < size / sizeof(*x); i++)
		if (x[i] != y[i])
			fail_msg("%s: %s, number %zu: %lu by the stages, %lu the short way",
				w->what, name, i, (unsigned long)x[i], (unsigned long)y[i]);
}

#define SAME(field) same_numbers(w, #field, &a->field, &b->field, sizeof(a->field))

static void same_counters(const struct ways *w)
{
	const struct ovnet_counters *a = &w->by_stages->counters, *b = &w->plain->counters;

	SAME(stage_packets);
	SAME(drops);
	SAME(absorbed);
	SAME(merged);
	SAME(permitted);
	for (unsigned i = 0; i < OVNET_DROP_COUNT && !w->mixed; i++)
		if (!ovnet_addr_equal(&a->last_source[i], &b->last_source[i]))
			fail_msg("%s: %s, from %08x by the stages, %08x the short way", w->what,
				ovnet_drop_name((enum ovnet_drop)i), a->last_source[i].v4_be,
				b->last_source[i].v4_be);
	SAME(last_impostor_be);
	assert_memory_equal(a->impostor6_outer, b->impostor6_outer, 16);
	assert_memory_equal(a->impostor6_inner, b->impostor6_inner, 16);
	for (unsigned i = 0; i < N_PORTS; i++)
		SAME(port[i]);
	SAME(answers);
	SAME(pieces);
	SAME(segments);
	SAME(verified);
	SAME(spoiled);
	same_numbers(w, "peers", w->by_stages->peer_counters, w->plain->peer_counters,
		sizeof(w->plain->peer_counters));
	assert_int_equal(w->by_stages->ctx.ip_id, w->plain->ctx.ip_id);
	assert_int_equal(w->by_stages->ctx.verify.left, w->plain->ctx.verify.left);
}

/* Do all but the host device go by drivers that read no metadata? */
static void send_bare(struct bed *b, bool bare)
{
	for (unsigned i = 0; i < N_PORTS; i++) {
		struct ovnet_port *port = &b->port[i].port;

		port->caps &= ~OVNET_CAP_BARE;
		if (bare && port->role != OVNET_PORT_HOST)
			port->caps |= OVNET_CAP_BARE;
	}
}

void ways_send(struct ways *w, unsigned port, const struct ways_frame *f, unsigned n)
{
	const unsigned turn = w->turn++;
	bool bare = turn & 1;

	for (unsigned i = 0; i < n; i++)
		bare = bare && f[i].offload == 0 && f[i].flags == 0;
	send_bare(w->plain, turn & 2);
	receive(w->by_stages, port, f, n, STAGES_GARBAGE, false);
	receive(w->plain, port, f, n, PLAIN_GARBAGE, bare);
	same_sent(w);
	same_handed_over(w);
	same_counters(w);
}
