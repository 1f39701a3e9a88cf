/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/verify.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#define IP6_BYTES     40
#define UDP_BYTES     8
#define VXLAN_BYTES   8
#define EXTENSIONS    8 /* of an IPv6 packet that are looked behind */
#define LEAST_OF_L4   8
#define VLAN_TAG      4
#define IP4_FRAGMENTS 0x3fff

/* UNSUMMED: UDP over IPv6 without a checksum, which a tunnel alone may leave out (RFC 6935). */
enum verdict { UNKNOWN, WRONG, UNSUMMED, RIGHT };

/* What is looked at: an IP packet that begins `at` bytes into the mbuf's. */
struct view {
	const struct rte_mbuf *m;
	uint32_t at, l4, l4_len;
	uint8_t proto;
	bool v6;
	bool undone; /* its TCP or UDP checksum, which is counted from csum_start on */
	uint16_t csum_start;
	uint8_t ip[IP6_BYTES];
};

static bool peek(const struct rte_mbuf *m, uint32_t at, void *to, uint32_t len)
{
	const void *from = rte_pktmbuf_read(m, at, len, to);

	if (from != NULL && from != to)
		memcpy(to, from, len);
	return from != NULL;
}

static uint32_t word(const uint8_t *b)
{
	return (uint32_t)b[0] << 8 | b[1];
}

static uint32_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)sum;
}

/* RFC 1071, byte by byte. */
static uint64_t sum(const struct rte_mbuf *m, uint32_t at, uint32_t len, uint64_t s)
{
	bool high = true;

	for (; m != NULL && len > 0; m = m->next) {
		if (at >= m->data_len) {
			at -= m->data_len;
			continue;
		}
		const uint8_t *b = rte_pktmbuf_mtod_offset(m, const uint8_t *, at);
		const uint32_t n = RTE_MIN(len, m->data_len - at);
		for (uint32_t i = 0; i < n; i++, high = !high)
			s += high ? (uint32_t)b[i] << 8 : b[i];
		len -= n;
		at = 0;
	}
	return s;
}

static uint64_t sum_bytes(const uint8_t *b, unsigned len, uint64_t s)
{
	for (unsigned i = 0; i < len; i += 2)
		s += word(b + i);
	return s;
}

static uint64_t pseudo_sum(const struct view *v)
{
	const uint64_t s = v->l4_len + v->proto;

	return v->v6 ? sum_bytes(v->ip + 8, 32, s) : sum_bytes(v->ip + 12, 8, s);
}

static enum verdict judge_undone(const struct view *v, uint32_t field)
{
	const uint32_t want = fold(pseudo_sum(v));

	if (v->csum_start != v->l4)
		return UNKNOWN;
	/* Zero is written in two ways. */
	return field % 0xffff == want % 0xffff ? RIGHT : WRONG;
}

static enum verdict judge_l4(struct view *v)
{
	uint8_t b[20];
	uint32_t field = 2; /* where the checksum is: ICMP's */
	uint64_t s = 0;

	if (v->l4_len < LEAST_OF_L4)
		return UNKNOWN;
	if (v->proto == IPPROTO_TCP)
		field = 16;
	else if (v->proto == IPPROTO_UDP)
		field = 6;
	else if (v->proto != (v->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return UNKNOWN;
	if (v->l4_len < field + 2 || !peek(v->m, v->l4, b, field + 2))
		return UNKNOWN;
	if (v->proto == IPPROTO_UDP && word(b + field) == 0)
		return v->v6 ? UNSUMMED : RIGHT;
	if (v->undone && v->proto != IPPROTO_ICMP)
		return judge_undone(v, word(b + field));
	if (v->proto != IPPROTO_ICMP)
		s = pseudo_sum(v);
	return fold(sum(v->m, v->l4, v->l4_len, s)) == 0xffff ? RIGHT : WRONG;
}

static enum verdict judge4(struct view *v)
{
	const uint32_t header = (v->ip[0] & 0xfu) * 4, all = word(v->ip + 2);

	if (header < 20 || all < header || v->at + all > v->m->pkt_len)
		return UNKNOWN;
	if (fold(sum(v->m, v->at, header, 0)) != 0xffff)
		return WRONG;
	v->l4 = v->at + header;
	v->l4_len = all - header;
	v->proto = v->ip[9];
	return (word(v->ip + 6) & IP4_FRAGMENTS) != 0 ? RIGHT : judge_l4(v);
}

static enum verdict judge6(struct view *v)
{
	const uint32_t end = v->at + IP6_BYTES + word(v->ip + 4);
	uint8_t next[2];

	if (end > v->m->pkt_len)
		return UNKNOWN;
	v->l4 = v->at + IP6_BYTES;
	v->proto = v->ip[6];
	for (unsigned i = 0; v->proto == IPPROTO_HOPOPTS || v->proto == IPPROTO_DSTOPTS; i++) {
		if (i == EXTENSIONS || !peek(v->m, v->l4, next, sizeof(next)))
			return UNKNOWN;
		v->proto = next[0];
		v->l4 += (next[1] + 1u) * 8;
	}
	if (v->l4 > end)
		return UNKNOWN;
	v->l4_len = end - v->l4;
	return judge_l4(v);
}

static enum verdict judge(struct view *v)
{
	if (!peek(v->m, v->at, v->ip, 20))
		return UNKNOWN;
	v->v6 = v->ip[0] >> 4 == 6;
	if (!v->v6)
		return v->ip[0] >> 4 == 4 ? judge4(v) : UNKNOWN;
	return peek(v->m, v->at, v->ip, IP6_BYTES) ? judge6(v) : UNKNOWN;
}

/* The packet whose IP header is there. */
static struct view view_of(struct rte_mbuf *m, uint32_t at)
{
	const struct ovnet_meta *meta = ovnet_meta(m);

	return (struct view){.m = m,
		.at = at,
		.undone = (meta->offload & OVNET_OFF_CSUM) != 0,
		.csum_start = meta->csum_start};
}

void ovnet_verify_pick(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	struct ovnet_verify *s = &ctx->verify;
	int64_t i = s->left + n;

	if (s->every == 0) {
		s->left = INT64_MAX;
		return;
	}
	for (; i < n; i += s->every) {
		struct ovnet_meta *meta = ovnet_meta(pkts[i]);
		struct view v = view_of(pkts[i], 0);

		if (judge(&v) != RIGHT)
			continue;
		meta->flags |= OVNET_META_VERIFY;
		s->picked = true;
	}
	s->left = i - n;
}

/* Where its IP header is; 0: it has none. */
static uint32_t behind_ethernet(const struct rte_mbuf *m)
{
	uint8_t b[RTE_ETHER_HDR_LEN + VLAN_TAG];

	if (!peek(m, 0, b, sizeof(b)))
		return 0;
	return word(b + 12) == RTE_ETHER_TYPE_VLAN || word(b + 12) == RTE_ETHER_TYPE_QINQ
		       ? sizeof(b)
		       : RTE_ETHER_HDR_LEN;
}

/* The outer headers, and leaves the view at the inner packet. */
static bool outer_is_right(struct view *v, uint8_t encap)
{
	struct view outer = {.m = v->m, .at = v->at};

	if (judge(&outer) < UNSUMMED)
		return false;
	v->at = outer.l4 + UDP_BYTES;
	if (encap != OVNET_ENCAP_UDP4)
		v->at += VXLAN_BYTES + RTE_ETHER_HDR_LEN;
	return true;
}

static bool is_right(const struct ovnet_port *port, struct rte_mbuf *m)
{
	const struct ovnet_peer *peer = ovnet_meta(m)->peer;
	struct view v = view_of(m, (port->caps & OVNET_CAP_L3) != 0 ? 0 : behind_ethernet(m));

	if (port->role == OVNET_PORT_UPLINK && peer != NULL && peer->encap != OVNET_ENCAP_DIRECT &&
		!outer_is_right(&v, peer->encap))
		return false;
	return judge(&v) == RIGHT;
}

void ovnet_verify_leaving(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *const *pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct ovnet_meta *meta = ovnet_meta(pkts[i]);

		if ((meta->flags & OVNET_META_VERIFY) == 0)
			continue;
		meta->flags &= (uint8_t)~OVNET_META_VERIFY;
		ctx->counters->verified++;
		if (!is_right(port, pkts[i]))
			ctx->counters->spoiled++;
	}
}
