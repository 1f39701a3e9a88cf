/* SPDX-License-Identifier: BSD-3-Clause */
/* Cutting packets into segments. What they have to be, the kernel says: it cuts the same packet. */
#include "bed/gso.h"

#include <sched.h>

#include "bed/guarded.h"
#include "packet/gso.h"

#define ACK 0x10
#define PSH 0x08
#define FIN 0x01
#define URG 0x20
#define ECE 0x40
#define CWR 0x80

static struct gso_packet in;
static uint8_t frame[GSO_FRAME], piece[GSO_FRAME];

static const struct gso_case cases[] = {
	{"tcp4", .flags = ACK, .size = 1398, .payload = 65000, .id = 7},
	{"tcp4, PSH and FIN", .flags = ACK | PSH | FIN, .size = 1000, .payload = 2001, .id = 7},
	{"tcp4, CWR", .flags = ACK | CWR | ECE | PSH, .size = 777, .payload = 7777, .id = 7},
	{"tcp4, URG", .flags = ACK | URG, .size = 777, .payload = 7777, .id = 7},
	{"tcp4, identification runs over", .flags = ACK, .size = 500, .payload = 3000, .id = 65533},
	{"tcp4, options", .options = 12, .flags = ACK, .size = 501, .payload = 3000, .id = 7},
	{"tcp4, all options", .options = 40, .tcp_options = 40, .flags = ACK | PSH, .size = 1299,
		.payload = 65535 - 120, .id = 7},
	{"tcp4, timestamps", .tcp_options = 12, .flags = ACK | PSH, .size = 1386, .payload = 65483,
		.id = 7},
	{"tcp4, one byte more", .flags = ACK, .size = 1398, .payload = 1399},
	{"tcp4, tiny", .flags = ACK | PSH, .size = 1, .payload = 128},
	{"tcp4, jumbo", .flags = ACK, .size = 8900, .payload = 60001},
	{"tcp6", .v6 = true, .flags = ACK | PSH, .size = 1378, .payload = 65000},
	{"tcp6, CWR, timestamps", .v6 = true, .tcp_options = 12, .flags = ACK | CWR | FIN,
		.size = 1001, .payload = 9999},
	{"tcp6, hop-by-hop", .v6 = true, .options = 8, .flags = ACK, .size = 1300, .payload = 5001},
	{"tcp6, two headers", .v6 = true, .options = 24, .tcp_options = 12, .flags = ACK | PSH,
		.size = 1300, .payload = 65000},
	{"tcp6, long headers", .v6 = true, .options = 120, .flags = ACK, .size = 900,
		.payload = 20000},
	{"udp4", .udp = true, .size = 1372, .payload = 60000, .id = 9},
	{"udp4, odd", .udp = true, .size = 333, .payload = 40000, .id = 65500},
	{"udp4, options", .udp = true, .options = 8, .size = 333, .payload = 667},
	{"udp4, tiny", .udp = true, .size = 1, .payload = 99},
	{"udp6", .v6 = true, .udp = true, .size = 1352, .payload = 65000},
	{"udp6, two headers", .v6 = true, .udp = true, .options = 40, .size = 1201,
		.payload = 12000},
};

/* How a driver may have handed it in, and in how many goes it is cut. */
static const struct shape {
	bool landed;
	uint16_t first, seg, at_once;
} shapes[] = {{false, 0, 2048, 64}, {false, 200, 1000, 7}, {true, 0, 0, 64}, {true, 0, 0, 1},
	{false, 0, 1999, 128}};

static bool can_be(const struct gso_case *c, const struct shape *s)
{
	return !s->landed || c->size <= 1700;
}

/* Where the payload is in memory when nobody copies it. */
static void note_places(const struct rte_mbuf *m, const struct rte_mbuf **at)
{
	for (unsigned i = 0; m != NULL; m = m->next)
		at[i++] = m;
}

static void check_meta(struct rte_mbuf *s)
{
	struct ovnet_meta *meta = ovnet_meta(s);

	assert_int_equal(meta->offload, 0);
	assert_int_equal(meta->flags, OVNET_META_HASH | OVNET_META_TRACE);
	assert_int_equal(meta->hash, in.meta.hash);
	assert_int_equal(meta->in_port, HOST);
	assert_int_equal(meta->l3_len, s->pkt_len);
	assert_in_range(rte_pktmbuf_headroom(s), RTE_PKTMBUF_HEADROOM, UINT16_MAX);
	assert_int_equal(rte_mbuf_refcnt_read(s), 1);
}

static unsigned cut_as_the_kernel(const struct gso_case *c, const struct shape *s)
{
	const struct rte_mbuf *places[OVNET_GSO_SEGS_MAX];
	struct rte_mbuf *out[OVNET_GSO_SEGS_MAX], *m = gso_mbuf(&in, s->landed, s->first, s->seg);
	struct ovnet_gso_cut cut;
	unsigned all = 0;
	uint16_t n;

	note_places(m, places);
	assert_int_equal(ovnet_gso_check(m, 0), 0);
	assert_int_equal(ovnet_meta(m)->hdr_len, in.hdr_len);
	assert_int_equal(ovnet_meta(m)->gso_segs, (c->payload + c->size - 1) / c->size);
	ovnet_gso_begin(&cut, m, 0);
	while ((n = ovnet_gso_next(&cut, out, s->at_once)) != 0) {
		for (uint16_t i = 0; i < n; i++, all++) {
			const uint16_t len = packet_bytes(out[i], piece, sizeof(piece));
			assert_int_equal(gso_kernel_get(frame), GSO_LINK + len);
			assert_memory_equal(frame + GSO_LINK, piece, len);
			check_meta(out[i]);
			/* Longer headers have no room in front. */
			if (s->landed && in.hdr_len <= 128)
				assert_ptr_equal(out[i], places[all]);
		}
		rte_pktmbuf_free_bulk(out, n);
	}
	assert_null(cut.rest);
	assert_int_equal(cut.left, 0);
	return all;
}

static void segments_are_the_kernels(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RTE_DIM(cases); i++)
		for (unsigned j = 0; j < RTE_DIM(shapes); j++) {
			if (!can_be(&cases[i], &shapes[j]))
				continue;
			print_message("%s, %u at once%s\n", cases[i].name, shapes[j].at_once,
				shapes[j].landed ? ", landed cut" : "");
			gso_make(&in, &cases[i]);
			gso_kernel_give(&in, &cases[i]);
			assert_int_equal(cut_as_the_kernel(&cases[i], &shapes[j]),
				(cases[i].payload + cases[i].size - 1) / cases[i].size);
			all_mbufs_back();
		}
}

/* A TCP that has come to small segments is cut however many these are; others are not. */
static void as_many_as_tcp_may_have_come_to(void **state)
{
	static const struct {
		struct gso_case c;
		bool taken;
	} kinds[] = {{{.name = "path of 552", .size = 500, .payload = 64300}, true},
		{{.name = "v6", .v6 = true, .size = 500, .payload = 65300}, true},
		{{.name = "least", .size = 88, .payload = 65400}, true},
		{{.name = "less", .size = 87, .payload = 65400}, false},
		{{.name = "absurd", .size = 1, .payload = 1000}, false},
		{{.name = "udp", .udp = true, .size = 500, .payload = 64300}, false}};
	struct rte_mbuf *out[64];

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(kinds); i++) {
		const struct gso_case *c = &kinds[i].c;
		gso_make(&in, c);
		struct rte_mbuf *m = gso_mbuf(&in, false, 0, 1800);
		assert_int_equal(ovnet_gso_check(m, 0), kinds[i].taken ? 0 : -EINVAL);
		if (!kinds[i].taken) {
			rte_pktmbuf_free(m);
			continue;
		}
		struct ovnet_gso_cut cut;
		unsigned all = 0, bytes = 0;
		ovnet_gso_begin(&cut, m, 0);
		for (uint16_t n; (n = ovnet_gso_next(&cut, out, RTE_DIM(out))) != 0; all += n) {
			for (uint16_t k = 0; k < n; k++)
				bytes += out[k]->pkt_len - in.hdr_len;
			rte_pktmbuf_free_bulk(out, n);
		}
		assert_int_equal(all, (c->payload + c->size - 1) / c->size);
		assert_int_equal(bytes, c->payload);
		all_mbufs_back();
	}
}

static int kernel_up(void **state)
{
	(void)state;
	gso_kernel_up();
	return 0;
}

static int kernel_down(void **state)
{
	(void)state;
	gso_kernel_down();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_are_the_kernels),
		cmocka_unit_test(as_many_as_tcp_may_have_come_to),
	};

	if (unshare(CLONE_NEWNET) < 0) {
		printf("SKIP: a network namespace needs root\n");
		return 77;
	}
	if (bed_eal("0") != 0)
		return 1;
	return cmocka_run_group_tests_name("gso", tests, kernel_up, kernel_down);
}
