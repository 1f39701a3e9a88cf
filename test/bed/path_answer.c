/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/path_answer.h"

struct bed *open_answering(void)
{
	struct bed *b = bed_open6();

	memset(&b->ctx.answers, 0, sizeof(b->ctx.answers)); /* no limit */
	return b;
}

void feed(struct bed *b, unsigned port, const uint8_t *in, uint16_t len)
{
	bed_receive(b, port, bed_packet((uint16_t)port, in, len, 0, 0));
	assert_int_equal(ops->poll(&b->ctx), 1);
}

uint32_t get(const uint8_t *at, unsigned bytes)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | at[i];
	return v;
}

void clear_df(uint8_t *ip)
{
	ip[6] = ip[10] = ip[11] = 0;
	be_put16(ip + 10, ~be_sum(ip, 20, 0));
}

void is_error4(const uint8_t *e, uint16_t len, uint8_t type, uint8_t code, uint32_t src,
	uint16_t mtu, const uint8_t *in)
{
	assert_in_range(len, 56, 576);
	assert_int_equal(get(e + 2, 2), len);
	assert_int_equal(e[9], 1);
	assert_int_equal(e[20], type);
	assert_int_equal(e[21], code);
	assert_int_equal(get(e + 12, 4), src);
	assert_int_equal(get(e + 16, 4), get(in + 12, 4));
	assert_int_equal(get(e + 26, 2), mtu);
	assert_int_equal(be_sum(e, 20, 0), 0xffff);
	assert_int_equal(be_sum(e + 20, len - 20u, 0), 0xffff);
	assert_memory_equal(e + 28, in, RTE_MIN(len - 28u, get(in + 2, 2)));
}

void is_error6(const uint8_t *e, uint16_t len, uint8_t type, uint8_t code,
	const struct ovnet_addr *src, uint32_t mtu, const uint8_t *in)
{
	assert_in_range(len, 96, 1280);
	assert_int_equal(get(e + 4, 2), len - 40);
	assert_int_equal(e[6], 58);
	assert_int_equal(e[40], type);
	assert_int_equal(e[41], code);
	assert_memory_equal(e + 8, src->v6, 16);
	assert_memory_equal(e + 24, in + 8, 16);
	assert_int_equal(get(e + 44, 4), mtu);
	assert_int_equal(be_sum(e + 40, len - 40u, be_sum(e + 8, 32, 58 + len - 40u)), 0xffff);
	assert_memory_equal(e + 48, in, RTE_MIN(len - 48u, get(in + 4, 2) + 40));
}

uint16_t join(struct bed *b, unsigned port, uint16_t front, uint16_t mtu, uint8_t *out)
{
	uint16_t at = 20;

	for (unsigned i = 0; i < b->port[port].n_out; i++) {
		struct rte_mbuf *m = b->port[port].out[i];
		const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, front);
		bool last = i + 1u == b->port[port].n_out;
		uint16_t len = (uint16_t)get(ip + 2, 2);

		assert_int_equal(m->nb_segs, 1);
		assert_int_equal(m->pkt_len, len + front);
		assert_in_range(len, 21, mtu);
		assert_int_equal(be_sum(ip, 20, 0), 0xffff);
		assert_int_equal(get(ip + 6, 2), (last ? 0 : 0x2000) | (at - 20) / 8);
		if (i == 0)
			memcpy(out, ip, 20);
		memcpy(out + at, ip + 20, len - 20u);
		at = (uint16_t)(at + len - 20);
	}
	return at;
}
