/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include <rte_ip.h>

#include "base/net.h"
#include "packet/icmp_quote.h"

#define MAX_LEN   576  /* RFC 1812 section 4.3.2.3 */
#define CS6       0xc0 /* internetwork control: section 4.3.2.5 */
#define HEADERS   (sizeof(struct rte_ipv4_hdr) + sizeof(struct icmp_header))
#define MAX_QUOTE (MAX_LEN - HEADERS)

static const struct icmp_kind kinds[] = {
	[OVNET_ICMP_NET_UNREACHABLE] = {3, 0},
	[OVNET_ICMP_HOST_UNREACHABLE] = {3, 1},
	[OVNET_ICMP_TOO_BIG] = {3, 4},
	[OVNET_ICMP_TIME_EXCEEDED] = {11, 0},
};

/* Echo, timestamp, information, mask (RFC 792, 950), extended echo (8335). */
static bool is_query(uint8_t type)
{
	return type == 0 || type == 8 || (type >= 13 && type <= 18) || type == 42 || type == 43;
}

static bool is_unicast(uint32_t be)
{
	const struct ovnet_addr a = {.family = AF_INET, .v4_be = be};

	return ovnet_addr_is_unicast(&a);
}

/* The length its header states, 0 when there is to be no error about it. */
static uint16_t answerable(const struct rte_mbuf *m)
{
	struct rte_ipv4_hdr room;
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_read(m, 0, sizeof(room), &room);

	if (ip == NULL || ip->version_ihl >> 4 != 4)
		return 0;
	uint16_t len = rte_be_to_cpu_16(ip->total_length), header = rte_ipv4_hdr_len(ip);
	if (header < sizeof(*ip) || len < header || m->pkt_len < header)
		return 0;
	if ((ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) != 0 ||
		!is_unicast(ip->src_addr) || !is_unicast(ip->dst_addr))
		return 0;
	if (ip->next_proto_id != IPPROTO_ICMP)
		return len;
	uint8_t byte;
	const uint8_t *type = len > header ? rte_pktmbuf_read(m, header, 1, &byte) : NULL;
	return type != NULL && is_query(*type) ? len : 0;
}

static void put_ip(struct rte_ipv4_hdr *ip, uint16_t len, uint32_t src_be, uint32_t dst_be)
{
	/* DF, because without an id of its own it must not be cut (RFC 6864 section 4.1). */
	*ip = (struct rte_ipv4_hdr){.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = CS6,
		.total_length = rte_cpu_to_be_16(len),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = HOPS,
		.next_proto_id = IPPROTO_ICMP,
		.src_addr = src_be,
		.dst_addr = dst_be};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

struct rte_mbuf *ovnet_icmp4_error(struct rte_mempool *pool, struct rte_mbuf *offender,
	enum ovnet_icmp what, uint16_t mtu, uint32_t src_be)
{
	uint16_t stated = answerable(offender);

	if (stated == 0)
		return NULL;
	struct rte_mbuf *m = icmp_quote(pool, offender, HEADERS, RTE_MIN(stated, MAX_QUOTE));
	if (m == NULL)
		return NULL;
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);
	struct icmp_header *icmp = (struct icmp_header *)(ip + 1);
	const struct rte_ipv4_hdr *quoted = (const struct rte_ipv4_hdr *)(icmp + 1);

	put_ip(ip, m->data_len, src_be, quoted->src_addr);
	icmp_put(icmp, &kinds[what], what, mtu);
	icmp->csum = (uint16_t)~rte_raw_cksum(icmp, m->data_len - sizeof(*ip));
	icmp_meta(m, offender, 4);
	return m;
}
