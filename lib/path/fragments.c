/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/fragments.h"

#include <netinet/in.h>

#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_log.h>
#include <rte_malloc.h>
#include <rte_udp.h>

#include "base/log.h"
#include "packet/csum_sum.h"
#include "packet/dpdk_compat.h"
#include "packet/segments.h"
#include "path/path.h"

OVNET_LOG_TYPE(fragments)

#define DATAGRAMS 1024
/* Half empty, so that a fragment hardly ever finds both its buckets of 8 full. */
#define BUCKETS        128
#define BUCKET_ENTRIES 8
#define CHECKS         4 /* per time to live: what timed out is counted that late at most */

#define ECN_MIXED 0xff

/*
 * By the set of ECN fields seen, bits as 1 << field: RFC 3168 section 5.3. Fragments of one
 * datagram that do not agree whether it is ECN capable are not of one datagram.
 */
static const uint8_t ecn_of_all[16] = {
	[1 << 0] = 0,
	[1 << 1] = 1,
	[1 << 2] = 2,
	[1 << 1 | 1 << 2] = 2,
	[1 << 3] = 3,
	[1 << 3 | 1 << 1] = 3,
	[1 << 3 | 1 << 2] = 3,
	[1 << 3 | 1 << 1 | 1 << 2] = 3,
	[1 << 0 | 1 << 1] = ECN_MIXED,
	[1 << 0 | 1 << 2] = ECN_MIXED,
	[1 << 0 | 1 << 1 | 1 << 2] = ECN_MIXED,
	[1 << 0 | 1 << 3] = ECN_MIXED,
	[1 << 0 | 1 << 3 | 1 << 1] = ECN_MIXED,
	[1 << 0 | 1 << 3 | 1 << 2] = ECN_MIXED,
	[1 << 0 | 1 << 3 | 1 << 1 | 1 << 2] = ECN_MIXED,
};

struct ovnet_fragments *ovnet_fragments_new(uint32_t max, int socket)
{
	struct ovnet_fragments *f =
		rte_zmalloc_socket("fragments", sizeof(*f), RTE_CACHE_LINE_SIZE, socket);

	rte_log_set_level(RTE_LOGTYPE_USER1, RTE_LOG_WARNING); /* the library tells the size */
	if (f != NULL)
		*f = (struct ovnet_fragments){.due = UINT64_MAX,
			.ttl = rte_get_tsc_hz(),
			.max = max,
			.table = rte_ip_frag_table_create(
				BUCKETS, BUCKET_ENTRIES, DATAGRAMS, rte_get_tsc_hz(), socket)};
	if (f == NULL || f->table == NULL) {
		LOG(ERR, "no memory for outer fragments: raise dpdk.memory");
		rte_free(f);
		return NULL;
	}
	return f;
}

void ovnet_fragments_free(struct ovnet_fragments *f)
{
	if (f == NULL)
		return;
	rte_ip_frag_table_destroy(f->table);
	rte_free(f);
}

/* What the table gave up goes by one reason. */
static void bury(struct ovnet_path_ctx *ctx, enum ovnet_drop reason)
{
	struct ovnet_fragments *f = ctx->fragments;

	for (uint32_t i = 0; i < f->dead.cnt; i++)
		f->held -= f->dead.row[i]->nb_segs;
	ctx->counters->absorbed -= f->dead.cnt;
	for (uint32_t i = 0; i < f->dead.cnt; i += OVNET_BURST)
		ovnet_drop(ctx, f->dead.row + i, (uint16_t)RTE_MIN(f->dead.cnt - i, OVNET_BURST),
			reason);
	f->dead.cnt = 0;
}

/* The row of the dead has room for 32 datagrams at a time. */
static void give_up(struct ovnet_path_ctx *ctx, uint64_t now, enum ovnet_drop reason)
{
	struct ovnet_fragments *f = ctx->fragments;

	do {
		rte_ip_frag_table_del_expired_entries(f->table, &f->dead, now);
		if (f->dead.cnt == 0)
			return;
		bury(ctx, reason);
	} while (f->held > 0);
}

void ovnet_fragments_expire(struct ovnet_path_ctx *ctx, uint64_t now)
{
	struct ovnet_fragments *f = ctx->fragments;

	give_up(ctx, now, OVNET_DROP_FRAGMENT_TIMEOUT);
	f->due = f->held > 0 ? now + f->ttl / CHECKS : UINT64_MAX;
}

void ovnet_fragments_drop(struct ovnet_path_ctx *ctx, enum ovnet_drop reason)
{
	give_up(ctx, UINT64_MAX, reason);
	ctx->fragments->due = UINT64_MAX;
}

static void drop_one(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, enum ovnet_drop reason)
{
	ovnet_drop(ctx, &m, 1, reason);
}

/* Each buffer remembers its fragment's TOS: they stay apart in the chain of the datagram. */
static void note_tos(struct rte_mbuf *m, uint8_t tos)
{
	for (; m != NULL; m = m->next)
		ovnet_meta(m)->outer_tos = tos;
}

static uint8_t ecn_of(struct rte_mbuf *m)
{
	unsigned seen = 0;

	for (; m != NULL; m = m->next)
		seen |= 1u << (ovnet_meta(m)->outer_tos & 3);
	return ecn_of_all[seen];
}

/* A tunnel may leave it out, also over IPv6 (RFC 6935). */
static bool has_udp_sum(const struct rte_mbuf *m, uint16_t at)
{
	struct rte_udp_hdr copy;
	const struct rte_udp_hdr *udp = rte_pktmbuf_read(m, at, sizeof(copy), &copy);

	return udp != NULL && udp->dgram_cksum != 0;
}

/*
 * Not rte_ipv4_udptcp_cksum_mbuf_verify(): see ovnet_csum_sum(). `addrs`: both addresses, `n`
 * bytes.
 */
static bool udp_sum_is_right(const struct rte_mbuf *m, uint16_t at, const void *addrs, size_t n)
{
	uint32_t sum = (uint32_t)ovnet_csum_sum(m, at) + rte_raw_cksum(addrs, n) +
		       rte_cpu_to_be_16((uint16_t)(m->pkt_len - at)) + RTE_BE16(IPPROTO_UDP);

	sum = (sum & 0xffff) + (sum >> 16);
	return ((sum & 0xffff) + (sum >> 16)) == 0xffff;
}

/* Refused alone, it found no place; refused with others, it did not fit them. */
static void refused(struct ovnet_path_ctx *ctx)
{
	if (ctx->fragments->dead.cnt > 0)
		bury(ctx, ctx->fragments->dead.cnt == 1 ? OVNET_DROP_FRAGMENT_FULL
							: OVNET_DROP_FRAGMENT);
}

/* Gets the fragment, `len` bytes without padding, ready for the table. False: no room, dropped. */
static bool enter(
	struct ovnet_path_ctx *ctx, struct rte_mbuf *m, uint32_t len, uint8_t tos, uint64_t now)
{
	struct ovnet_fragments *f = ctx->fragments;

	/* Before the table finds them: it does not tell what is late from what is wrong. */
	give_up(ctx, now, OVNET_DROP_FRAGMENT_TIMEOUT);
	ovnet_trim(m, len);
	if (f->held + m->nb_segs > f->max) {
		drop_one(ctx, m, OVNET_DROP_FRAGMENT_FULL);
		return false;
	}
	note_tos(m, tos);
	f->held += m->nb_segs;
	ctx->counters->absorbed++;
	return true;
}

/*
 * What the table said. The datagram is the first fragment's buffer with the others behind it; *ecn
 * is that of all of them.
 */
static struct rte_mbuf *leave(
	struct ovnet_path_ctx *ctx, struct rte_mbuf *whole, uint64_t now, uint8_t *ecn)
{
	struct ovnet_fragments *f = ctx->fragments;

	if (whole != NULL) {
		f->held -= whole->nb_segs;
		ctx->counters->absorbed--;
	}
	refused(ctx);
	if (f->held > 0 && f->due == UINT64_MAX)
		f->due = now + f->ttl;
	if (whole == NULL)
		return NULL;
	whole->ol_flags &= ~RTE_MBUF_F_TX_IP_CKSUM; /* the library asks for one */
	whole->tx_offload = 0;
	*ecn = ecn_of(whole);
	if (*ecn != ECN_MIXED)
		return whole;
	drop_one(ctx, whole, OVNET_DROP_ECN_ILLEGAL);
	return NULL;
}

/* The library of 22.11 would make a packet of more bytes than its length field can say. */
static bool fits4(const struct rte_ipv4_hdr *ip, unsigned header)
{
	unsigned total = rte_be_to_cpu_16(ip->total_length);
	unsigned at = (rte_be_to_cpu_16(ip->fragment_offset) & RTE_IPV4_HDR_OFFSET_MASK) *
		      RTE_IPV4_HDR_OFFSET_UNITS;

	return total > header && at + total <= UINT16_MAX;
}

/*
 * The checksum tells whether they belong together: an identification that came round too early is
 * not seen otherwise. Options of the first fragment are not in the others' arithmetic.
 */
static bool is_right4(const struct rte_mbuf *m, const struct rte_ipv4_hdr *ip)
{
	uint16_t udp_at = (uint16_t)(RTE_ETHER_HDR_LEN + rte_ipv4_hdr_len(ip));

	return m->pkt_len <= RTE_ETHER_HDR_LEN + UINT16_MAX &&
	       (!has_udp_sum(m, udp_at) || udp_sum_is_right(m, udp_at, &ip->src_addr, 8));
}

struct rte_mbuf *ovnet_fragments_add4(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, uint64_t now)
{
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);
	struct ovnet_fragments *f = ctx->fragments;
	uint8_t ecn;

	if (!fits4(ip, rte_ipv4_hdr_len(ip))) {
		drop_one(ctx, m, OVNET_DROP_FRAGMENT);
		return NULL;
	}
	if (!enter(ctx, m, RTE_ETHER_HDR_LEN + rte_be_to_cpu_16(ip->total_length),
		    ip->type_of_service, now))
		return NULL;
	m->l2_len = RTE_ETHER_HDR_LEN;
	m->l3_len = rte_ipv4_hdr_len(ip);
	m = leave(ctx, rte_ipv4_frag_reassemble_packet(f->table, &f->dead, m, now, ip), now, &ecn);
	if (m == NULL)
		return NULL;
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);
	if (!is_right4(m, ip)) {
		drop_one(ctx, m, OVNET_DROP_FRAGMENT);
		return NULL;
	}
	ip->type_of_service = (uint8_t)((ip->type_of_service & ~3) | ecn);
	/* Each fragment's was verified; of the whole it is none's. */
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return m;
}

static struct rte_ipv6_hdr *ip6_of(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, RTE_ETHER_HDR_LEN);
}

static bool fits6(const struct rte_ipv6_hdr *ip, const struct rte_ipv6_fragment_ext *ext)
{
	unsigned len = rte_be_to_cpu_16(ip->payload_len) - (unsigned)sizeof(*ext);
	unsigned at = rte_be_to_cpu_16(ext->frag_data) & RTE_IPV6_EHDR_FO_MASK;

	return len > 0 && at + len <= UINT16_MAX;
}

/* RFC 6946: whole, but for the header. The others of its identification have no part in it. */
static struct rte_mbuf *strip_atomic(struct rte_mbuf *m)
{
	struct rte_ipv6_hdr *ip = ip6_of(m);
	const uint16_t ext = sizeof(struct rte_ipv6_fragment_ext);
	uint8_t *start = rte_pktmbuf_mtod(m, uint8_t *);

	ip->proto = ((const struct rte_ipv6_fragment_ext *)(ip + 1))->next_header;
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(ip->payload_len) - ext));
	memmove(start + ext, start, RTE_ETHER_HDR_LEN + sizeof(*ip));
	m->data_off += ext;
	m->data_len -= ext;
	m->pkt_len -= ext;
	return m;
}

static bool is_right6(const struct rte_mbuf *m, const struct rte_ipv6_hdr *ip)
{
	const uint16_t udp_at = RTE_ETHER_HDR_LEN + sizeof(*ip);

	return !has_udp_sum(m, udp_at) || udp_sum_is_right(m, udp_at, ovnet_ip6_src(ip), 32);
}

static struct rte_mbuf *finish6(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, uint8_t ecn)
{
	struct rte_ipv6_hdr *ip = ip6_of(m);

	if (!is_right6(m, ip)) {
		drop_one(ctx, m, OVNET_DROP_FRAGMENT);
		return NULL;
	}
	ip->vtc_flow = (ip->vtc_flow & ~rte_cpu_to_be_32(3u << RTE_IPV6_HDR_TC_SHIFT)) |
		       rte_cpu_to_be_32((uint32_t)ecn << RTE_IPV6_HDR_TC_SHIFT);
	return m;
}

struct rte_mbuf *ovnet_fragments_add6(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, uint64_t now)
{
	struct rte_ipv6_hdr *ip = ip6_of(m);
	struct rte_ipv6_fragment_ext *ext = (struct rte_ipv6_fragment_ext *)(ip + 1);
	struct ovnet_fragments *f = ctx->fragments;
	uint8_t ecn, tos = (uint8_t)(rte_be_to_cpu_32(ip->vtc_flow) >> RTE_IPV6_HDR_TC_SHIFT);

	if (!fits6(ip, ext)) {
		drop_one(ctx, m, OVNET_DROP_FRAGMENT);
		return NULL;
	}
	if ((ext->frag_data & RTE_BE16(RTE_IPV6_EHDR_FO_MASK | RTE_IPV6_EHDR_MF_MASK)) == 0)
		return strip_atomic(m);
	if (!enter(ctx, m,
		    RTE_ETHER_HDR_LEN + (uint32_t)sizeof(*ip) + rte_be_to_cpu_16(ip->payload_len),
		    tos, now))
		return NULL;
	m->l2_len = RTE_ETHER_HDR_LEN;
	m->l3_len = sizeof(*ip) + sizeof(*ext);
	m = leave(ctx, rte_ipv6_frag_reassemble_packet(f->table, &f->dead, m, now, ip, ext), now,
		&ecn);
	return m != NULL ? finish6(ctx, m, ecn) : NULL;
}
