/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One input through the packet path, its outcome through the checks. What an input is stands in
 * path_run.h.
 */
#include <rte_cycles.h>

#include "path/fragments.h"
#include "path_bytes.h"
#include "path_check.h"
#include "path_plane.h"
#include "path_run.h"

#define LEVELS 3

static_assert(FUZZ_PORTS == N_PORTS, "an outcome has a row for each port");

static struct bed *beds[FUZZ_PLANES][OVNET_VALIDATE_STRICT + 1];
static const struct ovnet_path_ops *levels[LEVELS];
static unsigned n_levels;

/* Nothing times out: a run is over before, but for a machine that is busy with something else. */
static struct ovnet_fragments *open_fragments(void)
{
	struct ovnet_fragments *f = ovnet_fragments_new(BED_MBUFS, SOCKET_ID_ANY);

	CHECK(f != NULL, "no memory");
	f->ttl = rte_get_tsc_hz() * 3600;
	rte_ip_frag_table_destroy(f->table);
	f->table = rte_ip_frag_table_create(16, 8, 128, f->ttl, SOCKET_ID_ANY);
	CHECK(f->table != NULL, "no memory");
	return f;
}

static struct bed *open_bed(const struct fuzz_plane *plane, enum ovnet_validation validation)
{
	struct bed *b = bed_open(1);

	b->overlay.validation = validation;
	CHECK(bed_set_overlay(b) == 0, "overlay");
	if (plane->set_up != NULL)
		plane->set_up(b);
	memset(&b->ctx.answers, 0, sizeof(b->ctx.answers)); /* no limit */
	b->ctx.fragments = open_fragments();
	return b;
}

void fuzz_path_init(void)
{
	static const char *const names[LEVELS] = {"x86-64-v2", "x86-64-v3", "x86-64-v4"};

	/* cmocka's asserts in the bed are findings as well, not the end of a test. */
	CHECK(setenv("CMOCKA_TEST_ABORT", "1", 1) == 0, "setenv");
	CHECK(bed_eal("0") == 0, "EAL");
	for (unsigned i = 0; i < LEVELS; i++)
		if ((levels[n_levels] = ovnet_path_select(names[i])) != NULL)
			n_levels++;
	for (unsigned i = 0; i < FUZZ_PLANES; i++)
		for (int v = OVNET_VALIDATE_OFF; v <= OVNET_VALIDATE_STRICT; v++)
			beds[i][v] = open_bed(&fuzz_planes[i], (enum ovnet_validation)v);
}

static void set_ports(const struct fuzz_input *in)
{
	const struct fuzz_params *p = &in->p;
	struct ovnet_port *uplink = &in->bed->port[UPLINK].port;

	uplink->caps = OVNET_CAP_CHAINED | (p->exclusive ? OVNET_CAP_EXCLUSIVE : 0);
	uplink->local = p->to_us ? ovnet_addr_v4(OWN_IP) : (struct ovnet_addr){0};
	uplink->local6 = p->to_us ? ovnet_addr_v6(own_ip6) : (struct ovnet_addr){0};
}

/* The kind that goes with where the checksum is and with the packet's version. */
static uint8_t gso_kind(const struct fuzz_input *in, unsigned i)
{
	const unsigned at = in->port == HOST ? 0 : ETH;

	if (in->p.csum_offset == 6)
		return OVNET_OFF_USO;
	return in->packets.len[i] > at && in->packets.bytes[i][at] >> 4 == 6 ? OVNET_OFF_TSO6
									     : OVNET_OFF_TSO4;
}

static void receive(const struct fuzz_input *in, unsigned i, const struct fuzz_room *room)
{
	struct rte_mbuf *m = fuzz_packet(bed_pool, in->packets.bytes[i], in->packets.len[i], room);
	struct ovnet_meta *meta = ovnet_meta(m);

	memset(meta, room->garbage, sizeof(*meta)); /* what the buffer's last packet left there */
	ovnet_meta_reset(m, in->port);
	if (in->p.rss) {
		m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
		m->hash.rss = 0x9e3779b9;
	}
	if (in->p.sum_good)
		m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	if (in->p.csum) {
		meta->offload = OVNET_OFF_CSUM;
		meta->csum_start = in->p.csum_start;
		meta->csum_offset = in->p.csum_offset;
	}
	if (in->p.gso) {
		meta->offload |= gso_kind(in, i);
		meta->gso_size = in->p.gso_size;
	}
	bed_receive(in->bed, in->port, m);
}

/* Moves what the ports sent to `o`, which is empty. */
static void take_sent(struct bed *b, struct fuzz_outcome *o)
{
	for (unsigned d = 0; d < N_PORTS; d++)
		for (unsigned i = 0; i < b->port[d].n_out; i++) {
			struct rte_mbuf *m = b->port[d].out[i];
			uint16_t k = o->sum.n[d]++;

			rte_mbuf_sanity_check(m, 1);
			CHECK(k < FUZZ_SENT, "too many packets of those that came");
			CHECK(m->pkt_len > 0 && m->pkt_len <= sizeof(o->bytes[d][k]), "%u bytes",
				m->pkt_len);
			o->sum.len[d][k] = (uint16_t)m->pkt_len;
			const void *at = rte_pktmbuf_read(m, 0, m->pkt_len, o->bytes[d][k]);
			CHECK(at != NULL, "a chain shorter than its packet");
			if (at != o->bytes[d][k])
				memcpy(o->bytes[d][k], at, m->pkt_len);
		}
	bed_drain(b);
}

static void poll_all(
	struct bed *b, const struct ovnet_path_ops *level, unsigned n, struct fuzz_outcome *o)
{
	const struct ovnet_counters *c = &b->counters;
	uint64_t before[OVNET_DROP_COUNT], absorbed = c->absorbed, out = 0;
	uint64_t made = c->answers + c->pieces + c->segments;

	memcpy(before, b->counters.drops, sizeof(before));
	CHECK(level->poll(&b->ctx) == n, "packets left behind");
	take_sent(b, o);
	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		out += o->sum.drops[i] = b->counters.drops[i] - before[i];
	for (unsigned d = 0; d < N_PORTS; d++) {
		CHECK(b->port[d].n_in == 0, "packets left behind");
		out += o->sum.n[d];
	}
	/* What waited before and is dropped now is not absorbed any more: that may be less. */
	out += c->absorbed - absorbed;
	o->sum.made = c->answers + c->pieces + c->segments - made;
	CHECK(out == n + o->sum.made, "%u came, %lu were made, %ld are accounted for", n,
		(unsigned long)o->sum.made, (long)out);
	unsigned back = rte_mempool_avail_count(bed_pool), wait = b->ctx.fragments->held;
	CHECK(back + wait == BED_MBUFS, "%u of %u buffers are back, %u wait", back, BED_MBUFS,
		wait);
}

/* What waits for other fragments at the end waits in vain. */
static void end_run(struct bed *b, struct fuzz_outcome *o)
{
	uint64_t before = b->counters.drops[OVNET_DROP_STOPPING];

	ovnet_fragments_drop(&b->ctx, OVNET_DROP_STOPPING);
	o->sum.drops[OVNET_DROP_STOPPING] += b->counters.drops[OVNET_DROP_STOPPING] - before;
	unsigned back = rte_mempool_avail_count(bed_pool);
	CHECK(back == BED_MBUFS, "%u of %u buffers are back", back, BED_MBUFS);
	fuzz_outcome_sort(o);
}

static void set_chained(struct bed *b, uint32_t cap)
{
	b->port[HOST].port.caps = OVNET_CAP_L3 | cap;
	b->port[ATTACH].port.caps = cap;
}

/* Each packet by itself, in one buffer that ends where it ends. */
static void run_whole(const struct fuzz_input *in, const struct ovnet_path_ops *level,
	bool all_stages, struct fuzz_outcome *all)
{
	const struct fuzz_room room = {.headroom = 128, .garbage = all_stages ? 0 : 0xff};
	static struct fuzz_outcome o;

	memset(&all->sum, 0, sizeof(all->sum));
	in->bed->ctx.ip_id = 0;
	in->bed->ctx.all_stages = all_stages;
	/* Its buffers have no room to be made one, if what came are fragments. */
	set_chained(in->bed, OVNET_CAP_CHAINED);
	for (unsigned i = 0; i < in->packets.n; i++) {
		memset(&o.sum, 0, sizeof(o.sum));
		receive(in, i, &room);
		poll_all(in->bed, level, 1, &o);
		fuzz_check_outcome(in, &o, (int)i);
		fuzz_outcome_add(all, &o);
	}
	in->bed->ctx.all_stages = false;
	end_run(in->bed, all);
}

/* All in one burst, in segments. */
static void run_cut(const struct fuzz_input *in, const struct ovnet_path_ops *level,
	const struct fuzz_room *room, struct fuzz_outcome *o)
{
	memset(&o->sum, 0, sizeof(o->sum));
	in->bed->ctx.ip_id = 0;
	set_chained(in->bed, 0);
	for (unsigned i = 0; i < in->packets.n; i++)
		receive(in, i, room);
	poll_all(in->bed, level, in->packets.n, o);
	fuzz_check_outcome(in, o, -1);
	end_run(in->bed, o);
}

static void run(const struct fuzz_input *in)
{
	const struct fuzz_room cut = {.headroom = 128,
		.tailroom = 4096,
		.first = in->p.first,
		.seg = in->p.seg,
		.garbage = 0xff};
	const struct fuzz_room little = {.headroom = in->p.headroom,
		.tailroom = in->p.tailroom,
		.first = in->p.first,
		.seg = in->p.seg};
	static struct fuzz_outcome first, whole, pieces;

	for (unsigned i = 0; i < n_levels; i++) {
		run_whole(in, levels[i], true, i == 0 ? &first : &whole);
		if (i > 0)
			fuzz_outcome_compare(&first, &whole, levels[i]->level);
		run_whole(in, levels[i], false, &whole);
		fuzz_outcome_compare(&first, &whole, levels[i]->level);
		run_cut(in, levels[i], &cut, &pieces);
		fuzz_outcome_compare(&first, &pieces, levels[i]->level);
		run_cut(in, levels[i], &little, &pieces);
	}
}

/* As when the neighbour changes: a new object; no reader is left to wait for. */
static void set_next_hop(const struct fuzz_input *in)
{
	const struct ovnet_mac *to = in->p.unresolved ? NULL : &gateway_mac;

	CHECK(ovnet_fib_nh_set(in->bed->w, in->bed->nh, to, &uplink_mac) == 0, "next hop");
	ovnet_rcu_reclaim(&in->bed->shared.rcu);
}

void fuzz_path(bool from_uplink, const uint8_t *data, size_t size)
{
	struct fuzz_input in = {0};

	if (size < FUZZ_HEAD)
		return;
	fuzz_read_params(&in.p, data);
	unsigned row = in.p.plane % FUZZ_PLANES;
	in.plane = &fuzz_planes[row];
	in.bed = beds[row][in.p.permissive ? OVNET_VALIDATE_PERMISSIVE
			   : in.p.off      ? OVNET_VALIDATE_OFF
					   : OVNET_VALIDATE_STRICT];
	in.port = from_uplink ? UPLINK : in.p.attach ? ATTACH : HOST;
	fuzz_read_packets(&in.packets, data + FUZZ_HEAD, size - FUZZ_HEAD);
	if (in.packets.n == 0)
		return;
	set_ports(&in);
	set_next_hop(&in);
	run(&in);
}
