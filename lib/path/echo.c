/* SPDX-License-Identifier: BSD-3-Clause */
/* Ping of the gateway, by attach ports. */
#include "packet/csum.h"
#include "path/local.h"
#include "path/reach.h"

#define HOPS 64

/* Turns an echo request, found to be one by route, round. What was wrong with its sums stays so. */
static void turn_round(struct rte_mbuf *m)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	uint16_t from, to, *word;
	uint8_t addr[16];

	if (meta->ip_version == 6) {
		struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *);

		memcpy(addr, ovnet_ip6_src(ip), sizeof(addr));
		ovnet_ip6_set_addrs(ip, ovnet_ip6_dst(ip), addr);
		ip->hop_limits = HOPS;
		word = (uint16_t *)(ip + 1);
	} else {
		struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);
		rte_be32_t src = ip->src_addr;

		ip->src_addr = ip->dst_addr;
		ip->dst_addr = src;
		memcpy(&from, &ip->time_to_live, sizeof(from));
		ip->time_to_live = HOPS;
		memcpy(&to, &ip->time_to_live, sizeof(to));
		ip->hdr_checksum = ovnet_csum_update(ip->hdr_checksum, from, to);
		word = (uint16_t *)(ip + 1);
	}
	from = word[0];
	to = meta->ip_version == 6 ? RTE_BE16(0x8100) : 0;
	word[0] = to;
	if (!(meta->offload & OVNET_OFF_CSUM))
		word[1] = ovnet_csum_update(word[1], from, to);
}

int ovnet_local_echo(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	struct ovnet_mac to;

	if (ovnet_local_limited(ctx, port))
		return TAKEN;
	turn_round(m);
	meta->flags |= OVNET_META_ANSWER;
	meta->out_port = port->id;
	*reply = m;
	if (port->caps & OVNET_CAP_L3)
		return PASS;
	memcpy(to.b, &link_of(m)->src_addr, sizeof(to.b));
	return push_ethernet(m, port, &to, link_type(meta));
}
