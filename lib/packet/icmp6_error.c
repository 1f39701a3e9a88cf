/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include "base/net.h"
#include "packet/dpdk_compat.h"
#include "packet/icmp_quote.h"
#include "packet/ip6_upper.h"

#define MAX_LEN   1280 /* the minimum MTU: RFC 4443 section 2.4 c */
#define HEADERS   (sizeof(struct rte_ipv6_hdr) + sizeof(struct icmp_header))
#define MAX_QUOTE (MAX_LEN - HEADERS)
#define REDIRECT  137
#define INFO_BIT  0x80 /* of the type: not an error */

static const struct icmp_kind kinds[] = {
	[OVNET_ICMP_NET_UNREACHABLE] = {1, 0},
	[OVNET_ICMP_HOST_UNREACHABLE] = {1, 3},
	[OVNET_ICMP_TOO_BIG] = {2, 0},
	[OVNET_ICMP_TIME_EXCEEDED] = {3, 0},
};

static bool is_unicast(const uint8_t *addr)
{
	const struct ovnet_addr a = ovnet_addr_v6(addr);

	return ovnet_addr_is_unicast(&a);
}

static bool addresses_allow(const struct rte_mbuf *m, enum ovnet_icmp what)
{
	struct rte_ipv6_hdr room;
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_read(m, 0, sizeof(room), &room);

	if (ip == NULL || !is_unicast(ovnet_ip6_src(ip)))
		return false;
	return is_unicast(ovnet_ip6_dst(ip)) ||
	       (what == OVNET_ICMP_TOO_BIG && *ovnet_ip6_dst(ip) == 0xff);
}

static bool is_error(const struct rte_mbuf *m, const struct ovnet_ip6_upper *up)
{
	uint8_t byte;

	if (up->proto != IPPROTO_ICMPV6)
		return false;
	const uint8_t *type = up->len > up->off ? rte_pktmbuf_read(m, up->off, 1, &byte) : NULL;
	return type == NULL || (*type & INFO_BIT) == 0 || *type == REDIRECT;
}

static void put_ip(
	struct rte_ipv6_hdr *ip, uint16_t payload, const uint8_t *src, const uint8_t *dst)
{
	*ip = (struct rte_ipv6_hdr){.vtc_flow = RTE_BE32(0x60000000),
		.payload_len = rte_cpu_to_be_16(payload),
		.proto = IPPROTO_ICMPV6,
		.hop_limits = HOPS};
	ovnet_ip6_set_addrs(ip, src, dst);
}

struct rte_mbuf *ovnet_icmp6_error(struct rte_mempool *pool, struct rte_mbuf *offender,
	enum ovnet_icmp what, uint16_t mtu, const uint8_t src[16])
{
	struct ovnet_ip6_upper up;

	if (ovnet_ip6_upper(offender, &up) < 0 || up.later_fragment || is_error(offender, &up) ||
		!addresses_allow(offender, what))
		return NULL;
	struct rte_mbuf *m = icmp_quote(pool, offender, HEADERS, RTE_MIN(up.len, MAX_QUOTE));
	if (m == NULL)
		return NULL;
	struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *);
	struct icmp_header *icmp = (struct icmp_header *)(ip + 1);
	const struct rte_ipv6_hdr *quoted = (const struct rte_ipv6_hdr *)(icmp + 1);

	put_ip(ip, (uint16_t)(m->data_len - sizeof(*ip)), src, ovnet_ip6_src(quoted));
	icmp_put(icmp, &kinds[what], what, mtu);
	icmp->csum = rte_ipv6_udptcp_cksum(ip, icmp);
	icmp_meta(m, offender, 6);
	return m;
}
