/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way of plain packets against the stages, which say what the path is: whatever comes, to
 * whatever node, both have to do the same (bed/path_ways.h). Here frame by frame, each a little
 * other than one that is plain, to nodes of all kinds; and plain frames have to take the short way,
 * or all that is said of nothing.
 */
#include "bed/path_answer.h"
#include "bed/path_ways.h"

static void send_as(struct ways *w, const char *node, unsigned base, const struct ways_frame *f,
	const char *how, unsigned number)
{
	char what[96];

	snprintf(what, sizeof(what), "%s, base %u, %s %u", node, base, how, number);
	w->what = what;
	ways_send(w, ways_port[base], f, 1);
}

/* Every byte of every header to values that are odd somewhere, and each of its bits. */
static void every_byte(struct ways *w, const struct ways_node *node, unsigned base)
{
	static const uint8_t odd[] = {0, 1, 2, 19, 20, 21, 42, 67, 68, 69, 0x7f, 0xff};
	const unsigned end = ways_link[base] + 24u;
	struct ways_frame f;

	for (unsigned at = 0; at < end; at++)
		for (unsigned v = 0; v < RTE_DIM(odd) + 8; v++)
			for (unsigned right = 0; right < 2; right++) {
				ways_put(&f, base, WAYS_LEN);
				f.bytes[at] = v < RTE_DIM(odd)
						      ? odd[v]
						      : f.bytes[at] ^ (1u << (v - RTE_DIM(odd)));
				if (right)
					ways_put_sums(&f, base);
				send_as(w, node->name, base, &f, "byte", at);
			}
}

/* Cut, padded, and of all lengths about those that fit. */
static void every_length(struct ways *w, const struct ways_node *node, unsigned base)
{
	static const uint16_t lens[] = {44, 60, 61, 100, 101, 109, 110, 111, 119, 120, 121, 149,
		150, 151, 1150, 1151, 1400, 1449, 1450, 1451, 1500, 1501};
	struct ways_frame f;

	for (unsigned len = 1; len <= ways_link[base] + WAYS_LEN + 40u; len++) {
		ways_put(&f, base, WAYS_LEN);
		f.len = (uint16_t)len;
		send_as(w, node->name, base, &f, "frame of", len);
	}
	for (unsigned i = 0; i < RTE_DIM(lens); i++)
		for (unsigned cut = 0; cut < 2; cut++) {
			ways_put(&f, base, lens[i]);
			/* May be cut up; it is odd by a byte, too. */
			if (cut) {
				clear_df(f.bytes + ways_link[base]);
				f.len++;
			}
			send_as(w, node->name, base, &f, "packet of", lens[i]);
		}
	/* Inner and outer lengths that do not fit each other. */
	for (unsigned udp_len = 0; udp_len < WAYS_LEN + 34 && ways_link[base] == 64; udp_len++)
		for (int more = -1; more <= 1; more++) {
			ways_put(&f, base, WAYS_LEN);
			be_put16(f.bytes + 38, udp_len);
			be_put16(f.bytes + 16, udp_len + 20u + (unsigned)more);
			put_sum4(f.bytes + 14);
			send_as(w, node->name, base, &f, "datagram of", udp_len);
		}
}

/* All there is to the merging of ECN, and the TTLs that end. */
static void every_mark(struct ways *w, const struct ways_node *node, unsigned base)
{
	struct ways_frame f;

	for (unsigned inner = 0; inner < 8; inner++)
		for (unsigned outer = 0; outer < 8; outer++) {
			ways_put(&f, base, WAYS_LEN);
			f.bytes[ways_link[base] + 1] = (uint8_t)(inner | 0x88);
			if (ways_link[base] == 64)
				f.bytes[15] = (uint8_t)(outer | 0x30);
			ways_put_sums(&f, base);
			send_as(w, node->name, base, &f, "marks", inner << 4 | outer);
		}
}

/* What drivers say of a frame. */
static void every_word(struct ways *w, const struct ways_node *node, unsigned base)
{
	static const struct ways_frame said[] = {
		{.flags = OVNET_META_HASH, .hash = 0x9e3779b9},
		{.ol_flags = RTE_MBUF_F_RX_RSS_HASH, .rss = 0x12345678},
		{.flags = OVNET_META_HASH,
			.hash = 0x9e3779b9,
			.ol_flags = RTE_MBUF_F_RX_RSS_HASH,
			.rss = 1},
		{.flags = OVNET_META_TRACE},
		{.flags = OVNET_META_ANSWER},
		{.flags = OVNET_META_VERIFY},
		{.flags = OVNET_META_ROUTE},
		{.ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD},
		{.ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD},
		{.ol_flags = RTE_MBUF_F_RX_IP_CKSUM_NONE},
		{.ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD, .packet_type = RTE_PTYPE_TUNNEL_VXLAN},
		{.ol_flags = RTE_MBUF_F_RX_OUTER_IP_CKSUM_BAD},
		{.ol_flags = RTE_MBUF_F_RX_L4_CKSUM_BAD | RTE_MBUF_F_RX_OUTER_L4_CKSUM_BAD},
		{.offload = OVNET_OFF_CSUM, .csum_start = 34, .csum_offset = 6},
		{.offload = OVNET_OFF_CSUM, .csum_start = 20, .csum_offset = 6},
		{.offload = OVNET_OFF_CSUM, .csum_start = 84, .csum_offset = 6},
		{.offload = OVNET_OFF_CSUM | OVNET_OFF_TSO4, .csum_start = 20, .csum_offset = 16},
		{.headroom = 48},
		{.headroom = 50},
		{.headroom = 52},
		{.headroom = 62},
		{.headroom = 64},
		{.headroom = 0, .first = 30},
		{.first = 90, .seg = 17},
	};

	for (unsigned i = 0; i < 2 * RTE_DIM(said); i++) {
		struct ways_frame f = said[i / 2], bytes;

		ways_put(&bytes, base, WAYS_LEN);
		f.len = bytes.len;
		memcpy(f.bytes, bytes.bytes, bytes.len);
		/* With a checksum that is not right. */
		if (i % 2)
			f.bytes[24] ^= 1;
		send_as(w, node->name, base, &f, "said", i);
	}
}

/* From and to all kinds of addresses, inner and outer. */
static void every_address(struct ways *w, const struct ways_node *node, unsigned base)
{
	static const uint32_t addrs[] = {0, OWN_NET, OWN_NET + 1, OWN_POD, ATTACH_POD, OTHER_POD,
		OWN_NET + 255, PEER_NET, PEER_POD, PEER_NET + 255, LATER_NET + 1, 0x0a054001,
		0x0a050000, 0x0a04ffff, 0x0a060000, OWN_IP, PEER_IP, NEAR_IP, ELSE_IP, 0x7f000001,
		0x08080808, 0xe0000001, 0xffffffff};
	static const uint32_t outer[] = {PEER_IP, NEAR_IP, ELSE_IP, 0, 0xffffffff};
	const unsigned n = RTE_DIM(addrs), n_outer = ways_link[base] == 64 ? RTE_DIM(outer) : 1;

	for (unsigned i = 0; i < n * n; i++)
		for (unsigned k = 0; k < n_outer; k++) {
			struct ways_frame f;
			ways_put(&f, base, WAYS_LEN);
			be_put32(f.bytes + ways_link[base] + 12, addrs[i % n]);
			be_put32(f.bytes + ways_link[base] + 16, addrs[i / n]);
			if (n_outer > 1)
				be_put32(f.bytes + 26, outer[k]);
			ways_put_sums(&f, base);
			send_as(w, node->name, base, &f, "addresses", i << 8 | k);
		}
}

/* To the ports that guests may not use as they like, whole and cut up, of all that has ports. */
static void every_port(struct ways *w, const struct ways_node *node, unsigned base)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMPV6};
	static const uint16_t cuts[] = {0, 0x4000, 0x2000, 0x2001, 0x0001, 0x8000};

	for (unsigned i = 0; i < RTE_DIM(protos) * RTE_DIM(cuts); i++)
		for (unsigned to = 66; to < 71; to++)
			for (uint16_t len = 23; len < 26; len++) {
				struct ways_frame f;
				ways_put(&f, base, len);
				uint8_t *ip = f.bytes + ways_link[base];
				ip[9] = protos[i % RTE_DIM(protos)];
				be_put16(ip + 6, cuts[i / RTE_DIM(protos)]);
				be_put16(ip + 20, to << 8 | 135); /* ICMPv6: a type, too */
				be_put16(ip + 22, to);
				ways_put_sums(&f, base);
				send_as(w, node->name, base, &f, "to port", to << 8 | i);
			}
}

/* Of frames that are right in every way. */
static void takes_the_short_way(struct ways *w, const struct ways_node *node)
{
	struct ways_frame f;

	for (unsigned base = 0; base < WAYS_BASES; base++) {
		const unsigned sent = w->sent, before = w->short_way;
		ways_put(&f, base, WAYS_LEN);
		w->plain->ctx.out_caps =
			0; /* what went to ports that take it merged is forgotten */
		send_as(w, node->name, base, &f, "frame", base);
		if (node->plain & 1u << base)
			assert_int_equal(w->sent, sent + 1);
		if ((w->short_way != before) != ((node->plain >> base & 1) != 0))
			fail_msg("%s: takes %s way", w->what,
				w->short_way != before ? "the short" : "no short");
	}
}

static void one_by_one(const struct ways_node *node)
{
	struct ways w;

	ways_open(&w, node->workers, node->set_up);
	takes_the_short_way(&w, node);
	for (unsigned base = 0; base < WAYS_BASES; base++) {
		/* TCP is told from UDP in little. */
		if (base >= 4 && node != ways_nodes && node->plain != 0x0f)
			break;
		every_byte(&w, node, base);
		every_length(&w, node, base);
		every_mark(&w, node, base);
		every_word(&w, node, base);
		every_port(&w, node, base);
		if (base < 4)
			every_address(&w, node, base);
	}
	ways_close(&w);
}

static void single_frames_on_all_nodes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < WAYS_NODES; i++)
		one_by_one(&ways_nodes[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_frames_on_all_nodes),
	};

	return bed_run_levels("path_plain", tests, RTE_DIM(tests));
}
