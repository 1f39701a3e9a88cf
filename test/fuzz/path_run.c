/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_run.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "path_bed6.h"

#define LEVELS 3

/*
 * A data plane: how its node is set up, and what leaves it. To add one, add a row at the end (an
 * input's first byte is the row) and seeds for it.
 */
static void set_up_udp4(struct bed *b)
{
	bed_set_kind(b, OVNET_ENCAP_UDP4);
}

/* DirectRouting of both IP versions, beside VXLAN over both. */
static void set_up_mixed(struct bed *b)
{
	const struct ovnet_peer_conf conf = {.subnet = {.family = AF_INET, .v4 = {0x0a050800, 24}},
		.public_addr = ovnet_addr_v4(0x0aa80010),
		.nh = b->nh,
		.encap = OVNET_ENCAP_DIRECT};

	b->overlay.direct = true;
	bed_set_up6(b);
	CHECK(ovnet_fib_set_peer(b->w, &conf) == 0, "peer");
	bed_add_peer6(b, 0x08, OVNET_ENCAP_DIRECT);
}

/* What is too large or has no hop left is answered or cut. */
static void set_up_answers(struct bed *b)
{
	set_up_mixed(b);
	b->overlay.mss_clamp = true;
	b->overlay.outer = (struct ovnet_outer_mode){true, true, true, true, true};
	CHECK(bed_set_overlay(b) == 0, "overlay");
	CHECK(ovnet_fib_nh_set(b->w, b->nh, &gateway_mac, &uplink_mac, 700) == 0, "next hop");
	memset(&b->ctx.answers, 0, sizeof(b->ctx.answers));
}

static const struct plane {
	void (*set_up)(struct bed *b); /* NULL: a bed is VXLAN over IPv4 as it is */
	fuzz_check sent, delivered;
} planes[] = {
	{NULL, fuzz_check_vxlan4, fuzz_check_from_vxlan4},
	{set_up_udp4, fuzz_check_frame, fuzz_check_packet},
	{set_up_mixed, fuzz_check_frame, fuzz_check_packet},
	{set_up_answers, fuzz_check_frame, fuzz_check_packet},
};

static_assert(FUZZ_DOORS == N_DOORS, "an outcome has a row for each door");

/* One input's way through one node. */
struct input {
	struct fuzz_params p;
	struct fuzz_packets packets;
	const struct plane *plane;
	struct bed *bed;
	uint16_t door;
};

static struct bed *beds[RTE_DIM(planes)][OVNET_VALIDATE_STRICT + 1];
static const struct ovnet_path_ops *levels[LEVELS];
static unsigned n_levels;

static struct bed *open_bed(const struct plane *plane, enum ovnet_validation validation)
{
	struct bed *b = bed_open(1);

	b->overlay.validation = validation;
	CHECK(bed_set_overlay(b) == 0, "overlay");
	if (plane->set_up != NULL)
		plane->set_up(b);
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
	for (unsigned i = 0; i < RTE_DIM(planes); i++)
		for (int v = OVNET_VALIDATE_OFF; v <= OVNET_VALIDATE_STRICT; v++)
			beds[i][v] = open_bed(&planes[i], (enum ovnet_validation)v);
}

static void set_doors(const struct input *in)
{
	const struct fuzz_params *p = &in->p;
	struct ovnet_port *uplink = &in->bed->door[UPLINK].port;

	uplink->caps = OVNET_CAP_CHAINED | (p->exclusive ? OVNET_CAP_EXCLUSIVE : 0);
	uplink->local = p->to_us ? ovnet_addr_v4(OWN_IP) : (struct ovnet_addr){0};
}

static void receive(const struct input *in, unsigned i, const struct fuzz_room *room)
{
	struct rte_mbuf *m = fuzz_packet(bed_pool, in->packets.bytes[i], in->packets.len[i], room);
	struct ovnet_meta *meta = ovnet_meta(m);

	memset(meta, room->garbage, sizeof(*meta)); /* what the buffer's last packet left there */
	ovnet_meta_reset(m, in->door);
	if (in->p.rss) {
		m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
		m->hash.rss = 0x9e3779b9;
	}
	if (in->p.csum) {
		meta->offload = OVNET_OFF_CSUM;
		meta->csum_start = in->p.csum_start;
		meta->csum_offset = in->p.csum_offset;
	}
	if (in->p.gso) {
		meta->offload |= OVNET_OFF_TSO4;
		meta->gso_size = 1000;
	}
	bed_receive(in->bed, in->door, m);
}

/* Moves what the doors sent to `o`, which is empty. */
static void take_sent(struct bed *b, struct fuzz_outcome *o)
{
	for (unsigned d = 0; d < N_DOORS; d++)
		for (unsigned i = 0; i < b->door[d].n_out; i++) {
			struct rte_mbuf *m = b->door[d].out[i];
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
	struct bed *b, const struct ovnet_path_ops *ops, unsigned n, struct fuzz_outcome *o)
{
	uint64_t before[OVNET_DROP_COUNT], refused = 0;
	uint64_t made = b->counters.answers + b->counters.pieces;
	unsigned sent = 0;

	memcpy(before, b->counters.drops, sizeof(before));
	CHECK(ops->poll(&b->ctx) == n, "packets left behind");
	take_sent(b, o);
	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		refused += o->sum.drops[i] = b->counters.drops[i] - before[i];
	for (unsigned d = 0; d < N_DOORS; d++) {
		CHECK(b->door[d].n_in == 0, "packets left behind");
		sent += o->sum.n[d];
	}
	made = b->counters.answers + b->counters.pieces - made;
	CHECK(refused + sent == n + made, "%u came, %lu made, %lu refused, %u sent", n,
		(unsigned long)made, (unsigned long)refused, sent);
	unsigned back = rte_mempool_avail_count(bed_pool);
	CHECK(back == BED_MBUFS, "%u of %u buffers are back", back, BED_MBUFS);
}

/* What went on its way was packet `i`, -1: any of them; what goes back by where it came is new. */
static void check_sent(const struct input *in, const struct fuzz_outcome *o, int i)
{
	bool known = i >= 0 && !in->p.csum, from_uplink = in->door == UPLINK;
	const uint8_t *bytes = known ? in->packets.bytes[i] : NULL;
	const uint8_t *to_uplink = from_uplink ? NULL : bytes, *from = from_uplink ? bytes : NULL;
	uint16_t len = known ? in->packets.len[i] : 0;

	for (unsigned k = 0; k < o->sum.n[UPLINK]; k++)
		in->plane->sent(o->bytes[UPLINK][k], o->sum.len[UPLINK][k], to_uplink, len,
			in->door == ATTACH);
	for (unsigned k = 0; k < o->sum.n[HOST]; k++)
		in->plane->delivered(o->bytes[HOST][k], o->sum.len[HOST][k], from, len, false);
	for (unsigned k = 0; k < o->sum.n[ATTACH]; k++)
		in->plane->delivered(o->bytes[ATTACH][k], o->sum.len[ATTACH][k], from, len, true);
}

/* Each packet by itself, in one buffer that ends where it ends. */
static void run_whole(
	const struct input *in, const struct ovnet_path_ops *ops, struct fuzz_outcome *all)
{
	const struct fuzz_room room = {.headroom = 128};
	static struct fuzz_outcome o;

	memset(&all->sum, 0, sizeof(all->sum));
	in->bed->ctx.ip_id = 0;
	for (unsigned i = 0; i < in->packets.n; i++) {
		memset(&o.sum, 0, sizeof(o.sum));
		receive(in, i, &room);
		poll_all(in->bed, ops, 1, &o);
		check_sent(in, &o, (int)i);
		fuzz_outcome_add(all, &o);
	}
}

/* All in one burst, in segments. */
static void run_cut(const struct input *in, const struct ovnet_path_ops *ops,
	const struct fuzz_room *room, struct fuzz_outcome *o)
{
	memset(&o->sum, 0, sizeof(o->sum));
	in->bed->ctx.ip_id = 0;
	for (unsigned i = 0; i < in->packets.n; i++)
		receive(in, i, room);
	poll_all(in->bed, ops, in->packets.n, o);
	check_sent(in, o, -1);
}

static void run(const struct input *in)
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
		run_whole(in, levels[i], i == 0 ? &first : &whole);
		if (i > 0)
			fuzz_outcome_compare(&first, &whole, levels[i]->level);
		run_cut(in, levels[i], &cut, &pieces);
		fuzz_outcome_compare(&first, &pieces, levels[i]->level);
		run_cut(in, levels[i], &little, &pieces);
	}
}

/* As when the neighbour changes: a new object; no reader is left to wait for. */
static void set_next_hop(const struct input *in)
{
	const struct ovnet_mac *to = in->p.unresolved ? NULL : &gateway_mac;

	CHECK(ovnet_fib_nh_set(in->bed->w, in->bed->nh, to, &uplink_mac, 1500) == 0, "next hop");
	ovnet_rcu_reclaim(&in->bed->shared.rcu);
}

void fuzz_path(bool from_uplink, const uint8_t *data, size_t size)
{
	struct input in = {0};

	if (size < FUZZ_HEAD)
		return;
	fuzz_read_params(&in.p, data);
	unsigned row = in.p.plane % RTE_DIM(planes);
	in.plane = &planes[row];
	in.bed = beds[row][in.p.permissive ? OVNET_VALIDATE_PERMISSIVE
			   : in.p.off      ? OVNET_VALIDATE_OFF
					   : OVNET_VALIDATE_STRICT];
	in.door = from_uplink ? UPLINK : in.p.attach ? ATTACH : HOST;
	fuzz_read_packets(&in.packets, data + FUZZ_HEAD, size - FUZZ_HEAD);
	if (in.packets.n == 0)
		return;
	set_doors(&in);
	set_next_hop(&in);
	run(&in);
}
