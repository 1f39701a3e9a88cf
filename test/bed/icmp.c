/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/icmp.h"

#include <arpa/inet.h>

const uint8_t router6[16] = {0xfd, 0, 0, 5, [15] = 1};
const uint8_t pod6[16] = {0xfd, 0, 0, 5, [15] = 2};
const uint8_t far6[16] = {0xfd, 0, 0, 9, [15] = 2};
struct packet in, got;

void sum4(void)
{
	be_put16(in.b + 10, 0);
	be_put16(in.b + 10, ~be_sum(in.b, (in.b[0] & 15u) * 4, 0));
}

void put4(uint16_t len)
{
	memset(&in, 0, sizeof(in));
	in.len = put_inner(in.b, OWN_POD, PEER_POD, 4000, len);
}

void put6(uint16_t len)
{
	memset(&in, 0, sizeof(in));
	in.b[0] = 0x60;
	be_put16(in.b + 4, len - 40u);
	in.b[6] = 17;
	in.b[7] = 1;
	memcpy(in.b + 8, pod6, 16);
	memcpy(in.b + 24, far6, 16);
	for (uint16_t i = 40; i < len; i++)
		in.b[i] = (uint8_t)(i * 11);
	in.len = len;
}

static struct rte_mbuf *error_about(struct rte_mbuf *m, enum ovnet_icmp what, uint16_t mtu)
{
	return in.b[0] >> 4 == 4 ? ovnet_icmp4_error(bed_pool, m, what, mtu, htonl(ROUTER))
				 : ovnet_icmp6_error(bed_pool, m, what, mtu, router6);
}

bool answered(enum ovnet_icmp what, uint16_t mtu, uint16_t first, uint16_t seg)
{
	struct rte_mbuf *m = guarded_packet(in.b, in.len, first, seg);
	struct packet still;

	ovnet_meta_reset(m, 42);
	ovnet_meta(m)->offload = OVNET_OFF_CSUM | OVNET_OFF_TSO4;
	struct rte_mbuf *e = error_about(m, what, mtu);
	still.len = packet_bytes(m, still.b, sizeof(still.b));
	assert_int_equal(still.len, in.len);
	assert_memory_equal(still.b, in.b, in.len);
	assert_int_equal(ovnet_meta(m)->offload, OVNET_OFF_CSUM | OVNET_OFF_TSO4);
	rte_pktmbuf_free(m);
	if (e != NULL) {
		struct ovnet_meta *meta = ovnet_meta(e);
		got.len = packet_bytes(e, got.b, sizeof(got.b));
		assert_int_equal(e->nb_segs, 1);
		assert_int_equal(rte_pktmbuf_headroom(e), RTE_PKTMBUF_HEADROOM);
		assert_int_equal(meta->in_port, 42);
		assert_int_equal(meta->offload, 0);
		assert_int_equal(meta->flags, 0);
		assert_int_equal(meta->l3_len, got.len);
		assert_int_equal(meta->ip_version, in.b[0] >> 4);
		rte_pktmbuf_free(e);
	}
	all_mbufs_back();
	return e != NULL;
}

void check4(uint8_t type, uint8_t code, uint32_t rest, uint16_t quote)
{
	assert_int_equal(got.len, HEADERS4 + quote);
	assert_int_equal(got.b[0], 0x45);
	assert_int_equal(got.b[1], 0xc0);
	assert_int_equal(got.b[2] << 8 | got.b[3], got.len);
	assert_int_equal(got.b[6] & 0xbf, 0); /* no fragment, nothing reserved */
	assert_int_equal(got.b[7], 0);
	assert_int_equal(got.b[8], 64);
	assert_int_equal(got.b[9], 1);
	assert_int_equal(be_sum(got.b, 20, 0), 0xffff);
	assert_memory_equal(got.b + 12, ((const uint8_t[]){10, 5, 82, 1}), 4);
	assert_memory_equal(got.b + 16, in.b + 12, 4);
	assert_int_equal(got.b[20], type);
	assert_int_equal(got.b[21], code);
	assert_int_equal(be_sum(got.b + 20, got.len - 20u, 0), 0xffff);
	assert_memory_equal(
		got.b + 24, ((const uint8_t[]){0, 0, (uint8_t)(rest >> 8), (uint8_t)rest}), 4);
	assert_memory_equal(got.b + HEADERS4, in.b, quote);
}

void check6(uint8_t type, uint8_t code, uint32_t rest, uint16_t quote)
{
	assert_int_equal(got.len, HEADERS6 + quote);
	assert_memory_equal(got.b, ((const uint8_t[]){0x60, 0, 0, 0}), 4);
	assert_int_equal(got.b[4] << 8 | got.b[5], got.len - 40);
	assert_int_equal(got.b[6], 58);
	assert_int_equal(got.b[7], 64);
	assert_memory_equal(got.b + 8, router6, 16);
	assert_memory_equal(got.b + 24, in.b + 8, 16);
	assert_int_equal(got.b[40], type);
	assert_int_equal(got.b[41], code);
	assert_int_equal(
		be_sum(got.b + 40, got.len - 40u, be_sum(got.b + 8, 32, 58 + got.len - 40u)),
		0xffff);
	assert_memory_equal(
		got.b + 44, ((const uint8_t[]){0, 0, (uint8_t)(rest >> 8), (uint8_t)rest}), 4);
	assert_memory_equal(got.b + HEADERS6, in.b, quote);
}

void silent(void)
{
	static const enum ovnet_icmp all[] = {OVNET_ICMP_NET_UNREACHABLE,
		OVNET_ICMP_HOST_UNREACHABLE, OVNET_ICMP_TOO_BIG, OVNET_ICMP_TIME_EXCEEDED};

	for (unsigned i = 0; i < RTE_DIM(all); i++) {
		assert_false(answered(all[i], 1400, 0, 0));
		assert_false(answered(all[i], 1400, 21, 3));
	}
}

void speaks(void)
{
	assert_true(answered(OVNET_ICMP_TOO_BIG, 1400, 0, 0));
	assert_true(answered(OVNET_ICMP_TIME_EXCEEDED, 0, 19, 5));
}

uint16_t put_extensions(uint8_t last)
{
	static const uint8_t chain[] = {0, 43, 60, 51};
	uint16_t at = 40;

	put6(200);
	in.b[6] = chain[0];
	for (unsigned i = 0; i < RTE_DIM(chain); i++) {
		uint8_t units = (uint8_t)(chain[i] == 51 ? 4 : i);
		in.b[at] = i + 1 < RTE_DIM(chain) ? chain[i + 1] : last;
		in.b[at + 1] = units;
		at = (uint16_t)(at + (chain[i] == 51 ? (units + 2) * 4 : (units + 1) * 8));
	}
	return at;
}
