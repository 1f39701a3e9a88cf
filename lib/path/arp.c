/* SPDX-License-Identifier: BSD-3-Clause */
/* Who has an IPv4 address, of attach ports (RFC 826). */
#include <rte_arp.h>

#include "path/local.h"

static bool is_asked4(
	const struct ovnet_fib_view *view, const struct ovnet_port *port, uint32_t who, uint32_t of)
{
	const uint32_t own = view->overlay.own.addr_host;

	if (of == who || of - own >= view->n_own)
		return false;
	return of == own + 1 || is_elsewhere(ovnet_fib_endpoint(view, of), port);
}

static int reply_arp(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply)
{
	const struct rte_arp_ipv4 *asked = &rte_pktmbuf_mtod(m, struct rte_arp_hdr *)->arp_data;
	const struct ovnet_mac mac = ovnet_port_mac(port);
	struct ovnet_mac to;
	int why;

	*reply = ovnet_local_reply(ctx, port, m, sizeof(struct rte_arp_hdr), &why);
	if (*reply == NULL)
		return why;
	struct rte_arp_hdr *arp = rte_pktmbuf_mtod(*reply, struct rte_arp_hdr *);
	*arp = (struct rte_arp_hdr){.arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
		.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = RTE_ETHER_ADDR_LEN,
		.arp_plen = 4,
		.arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY),
		.arp_data = {.arp_sip = asked->arp_tip,
			.arp_tha = asked->arp_sha,
			.arp_tip = asked->arp_sip}};
	memcpy(&arp->arp_data.arp_sha, mac.b, sizeof(mac.b));
	memcpy(to.b, &asked->arp_sha, sizeof(to.b));
	return push_ethernet(*reply, port, &to, RTE_BE16(RTE_ETHER_TYPE_ARP));
}

int ovnet_local_arp(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply)
{
	const struct rte_arp_hdr *arp = rte_pktmbuf_mtod(m, const struct rte_arp_hdr *);
	struct ovnet_meta *meta = ovnet_meta(m);

	if (m->data_len < sizeof(*arp))
		return OVNET_DROP_TRUNCATED;
	if (arp->arp_hardware != RTE_BE16(RTE_ARP_HRD_ETHER) ||
		arp->arp_protocol != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
		arp->arp_hlen != RTE_ETHER_ADDR_LEN || arp->arp_plen != 4)
		return OVNET_DROP_BAD_NEIGHBOUR;
	const bool asks = arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST);
	const struct rte_ether_addr sha = arp->arp_data.arp_sha;
	const uint32_t who = rte_be_to_cpu_32(arp->arp_data.arp_sip);
	int why = same_mac(&sha, link_of(m)->src_addr.addr_bytes) ? PASS : OVNET_DROP_SOURCE_MAC;

	meta->src_be = arp->arp_data.arp_sip;
	meta->src_version = 4;
	/* A probe (RFC 5227) has no address yet. */
	if (who != 0 || !asks)
		why = ovnet_local_bound(ovnet_fib_endpoint(ctx->view, who), port, link_of(m), &sha);
	if (why != PASS)
		return why;
	if (!asks || !is_asked4(ctx->view, port, who, rte_be_to_cpu_32(arp->arp_data.arp_tip)))
		return TAKEN;
	return reply_arp(ctx, port, m, reply);
}
