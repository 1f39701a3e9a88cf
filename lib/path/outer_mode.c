/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/outer_mode.h"

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "packet/csum_sum.h"

static void fill_udp_csum(struct rte_mbuf *m, const struct rte_ipv4_hdr *ip)
{
	uint16_t at = RTE_ETHER_HDR_LEN + sizeof(*ip);
	struct rte_udp_hdr *udp = rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, at);
	uint32_t sum = (uint32_t)ovnet_csum_sum(m, at) + rte_raw_cksum(&ip->src_addr, 8) +
		       udp->dgram_len + RTE_BE16(IPPROTO_UDP);

	sum = (sum & 0xffff) + (sum >> 16);
	uint16_t csum = (uint16_t) ~((sum & 0xffff) + (sum >> 16));
	udp->dgram_cksum = csum != 0 ? csum : 0xffff;
}

void ovnet_outer_mode4(
	struct rte_mbuf *m, const struct ovnet_outer_mode *mode, const struct ovnet_inner *inner)
{
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);

	/* The ECN field stands already: RFC 6040. */
	if (mode->dscp_inherit)
		ip->type_of_service = (ip->type_of_service & 3) | (inner->tos & 0xfc);
	if (mode->ttl_inherit)
		ip->time_to_live = inner->ttl;
	if (mode->df_inherit)
		ip->fragment_offset = inner->df ? RTE_BE16(RTE_IPV4_HDR_DF_FLAG) : 0;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	if (mode->csum4)
		fill_udp_csum(m, ip);
}

void ovnet_outer_mode6(
	struct rte_mbuf *m, const struct ovnet_outer_mode *mode, const struct ovnet_inner *inner)
{
	struct rte_ipv6_hdr *ip =
		rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, RTE_ETHER_HDR_LEN);

	if (mode->dscp_inherit)
		ip->vtc_flow = (ip->vtc_flow & ~RTE_BE32(0x0fc00000)) |
			       rte_cpu_to_be_32((uint32_t)(inner->tos & 0xfc) << 20);
	if (mode->ttl_inherit)
		ip->hop_limits = inner->ttl;
}
