/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_run.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "path_bed.h"

#define LEVELS 3

/*
 * A data plane: how its node is set up, and what leaves it. To add one, add a row at the end (an
 * input's first byte is the row) and seeds for it.
 */
static const struct plane {
	void (*set_up)(struct bed *b); /* NULL: a bed is VXLAN over IPv4 as it is */
	fuzz_check sent, delivered;
} planes[] = {
	{NULL, fuzz_check_vxlan4, fuzz_check_from_vxlan4},
};

/* Its packets, and where they go. */
struct input {
	struct fuzz_params p;
	const struct plane *plane;
	struct bed *bed;
	uint16_t door;
	unsigned n;
	const uint8_t *bytes[FUZZ_PACKETS];
	uint16_t len[FUZZ_PACKETS];
};

/* How it ended: per door what was sent, in order; per reason how many. */
struct outcome {
	uint64_t drops[OVNET_DROP_COUNT];
	uint16_t n[N_DOORS];
	uint16_t len[N_DOORS][FUZZ_PACKETS];
	uint8_t bytes[N_DOORS][FUZZ_PACKETS][FUZZ_LEN + 256];
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

static void read_params(struct fuzz_params *p, const uint8_t *d)
{
	*p = (struct fuzz_params){.plane = (d[0] & 0x7f) % RTE_DIM(planes),
		.validation = d[1] & 0x01   ? OVNET_VALIDATE_OFF
			      : d[0] & 0x80 ? OVNET_VALIDATE_PERMISSIVE
					    : OVNET_VALIDATE_STRICT,
		.exclusive = d[1] & 0x02,
		.to_us = d[1] & 0x04,
		.attach = d[1] & 0x08,
		.rss = d[1] & 0x10,
		.csum = d[1] & 0x20,
		.gso = d[1] & 0x40,
		.unresolved = d[1] & 0x80,
		.first = (uint16_t)(d[2] + 1),
		.seg = (uint16_t)(d[3] + 1),
		.headroom = d[4] & 0xfe, /* doors put packets at even addresses */
		.tailroom = d[5],
		.csum_start = (uint16_t)(d[6] << 8 | d[7]),
		.csum_offset = (uint16_t)(d[8] << 8 | d[9])};
}

static void read_packets(struct input *in, const uint8_t *data, size_t size)
{
	while (size >= 2 && in->n < FUZZ_PACKETS) {
		size_t len = (size_t)data[0] << 8 | data[1];

		data += 2, size -= 2;
		len = RTE_MIN(len, size);
		in->bytes[in->n] = data;
		in->len[in->n++] = (uint16_t)RTE_MIN(len, (size_t)FUZZ_LEN);
		data += len, size -= len;
	}
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
	struct rte_mbuf *m = fuzz_packet(bed_pool, in->bytes[i], in->len[i], room);
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

/* Moves what the doors sent to the end of `o`. */
static void take_sent(struct bed *b, struct outcome *o)
{
	for (unsigned d = 0; d < N_DOORS; d++)
		for (unsigned i = 0; i < b->door[d].n_out; i++) {
			struct rte_mbuf *m = b->door[d].out[i];
			uint16_t k = o->n[d]++;

			rte_mbuf_sanity_check(m, 1);
			CHECK(k < FUZZ_PACKETS, "more packets than came");
			CHECK(m->pkt_len > 0 && m->pkt_len <= sizeof(o->bytes[d][k]), "%u bytes",
				m->pkt_len);
			o->len[d][k] = (uint16_t)m->pkt_len;
			const void *at = rte_pktmbuf_read(m, 0, m->pkt_len, o->bytes[d][k]);
			CHECK(at != NULL, "a chain shorter than its packet");
			if (at != o->bytes[d][k])
				memcpy(o->bytes[d][k], at, m->pkt_len);
		}
	bed_drain(b);
}

static void poll_all(struct bed *b, const struct ovnet_path_ops *ops, unsigned n, struct outcome *o)
{
	uint64_t before[OVNET_DROP_COUNT], ends = 0;

	memcpy(before, b->counters.drops, sizeof(before));
	CHECK(ops->poll(&b->ctx) == n, "packets left behind");
	take_sent(b, o);
	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		o->drops[i] += b->counters.drops[i] - before[i];
	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		ends += b->counters.drops[i] - before[i];
	for (unsigned d = 0; d < N_DOORS; d++)
		CHECK(b->door[d].n_in == 0, "packets left behind");
	CHECK(ends <= n, "more packets refused than came");
	unsigned back = rte_mempool_avail_count(bed_pool);
	CHECK(back == BED_MBUFS, "%u of %u buffers are back", back, BED_MBUFS);
}

/* `in` and its number: the packet by itself; else not known. */
static void check_sent(const struct input *in, const struct outcome *o, int i)
{
	bool known = i >= 0 && !in->p.csum;
	const uint8_t *bytes = known ? in->bytes[i] : NULL;
	uint16_t len = known ? in->len[i] : 0;

	for (unsigned k = 0; k < o->n[UPLINK]; k++)
		in->plane->sent(
			o->bytes[UPLINK][k], o->len[UPLINK][k], bytes, len, in->door == ATTACH);
	for (unsigned k = 0; k < o->n[HOST]; k++)
		in->plane->delivered(o->bytes[HOST][k], o->len[HOST][k], bytes, len, false);
	for (unsigned k = 0; k < o->n[ATTACH]; k++)
		in->plane->delivered(o->bytes[ATTACH][k], o->len[ATTACH][k], bytes, len, true);
}

static void add(struct outcome *sum, const struct outcome *o)
{
	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		sum->drops[i] += o->drops[i];
	for (unsigned d = 0; d < N_DOORS; d++)
		for (unsigned k = 0; k < o->n[d]; k++) {
			CHECK(sum->n[d] < FUZZ_PACKETS, "more packets than came");
			sum->len[d][sum->n[d]] = o->len[d][k];
			memcpy(sum->bytes[d][sum->n[d]++], o->bytes[d][k], o->len[d][k]);
		}
}

/* Each packet by itself, in one buffer that ends where it ends. */
static void run_whole(const struct input *in, const struct ovnet_path_ops *ops, struct outcome *sum)
{
	const struct fuzz_room room = {.headroom = 128};
	static struct outcome o;

	memset(sum, 0, sizeof(*sum));
	in->bed->ctx.ip_id = 0;
	for (unsigned i = 0; i < in->n; i++) {
		memset(&o, 0, sizeof(o));
		receive(in, i, &room);
		poll_all(in->bed, ops, 1, &o);
		check_sent(in, &o, (int)i);
		add(sum, &o);
	}
}

/* All in one burst, in segments. */
static void run_cut(const struct input *in, const struct ovnet_path_ops *ops,
	const struct fuzz_room *room, struct outcome *o)
{
	memset(o, 0, sizeof(*o));
	in->bed->ctx.ip_id = 0;
	for (unsigned i = 0; i < in->n; i++)
		receive(in, i, room);
	poll_all(in->bed, ops, in->n, o);
	check_sent(in, o, -1);
}

static void compare(const struct outcome *a, const struct outcome *b, const char *level)
{
	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		CHECK(a->drops[i] == b->drops[i], "%s: %lu packets in one buffer, %lu cut: %s",
			level, (unsigned long)a->drops[i], (unsigned long)b->drops[i],
			ovnet_drop_name((enum ovnet_drop)i));
	CHECK(memcmp(a, b, sizeof(*a)) == 0, "%s: other packets when they are cut", level);
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
	static struct outcome first, whole, pieces;

	for (unsigned i = 0; i < n_levels; i++) {
		run_whole(in, levels[i], i == 0 ? &first : &whole);
		if (i > 0)
			compare(&first, &whole, levels[i]->level);
		run_cut(in, levels[i], &cut, &pieces);
		compare(&first, &pieces, levels[i]->level);
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
	read_params(&in.p, data);
	in.plane = &planes[in.p.plane];
	in.bed = beds[in.p.plane][in.p.validation];
	in.door = from_uplink ? UPLINK : in.p.attach ? ATTACH : HOST;
	read_packets(&in, data + FUZZ_HEAD, size - FUZZ_HEAD);
	if (in.n == 0)
		return;
	set_doors(&in);
	set_next_hop(&in);
	run(&in);
}
