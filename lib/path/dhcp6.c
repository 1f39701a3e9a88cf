/* SPDX-License-Identifier: BSD-3-Clause */
/* DHCPv6 of attach ports' guests (RFC 8415). */
#include "packet/dhcp6.h"

#include "packet/router_advert.h"
#include "path/guest.h"
#include "path/local.h"
#include "path/nd.h"

#define HOPS    64
#define HEADERS (IP6_LEN + (unsigned)sizeof(struct rte_udp_hdr))

/* A whole datagram, contiguous, from the guest itself. PASS or a drop reason. */
static int check_datagram(struct rte_mbuf *m)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);

	if (m->pkt_len < HEADERS || udp->dgram_len != ip->payload_len)
		return OVNET_DROP_BAD_DHCP;
	/* Over IPv6 there has to be a checksum (RFC 8200 section 8.1). */
	if (!(ovnet_meta(m)->offload & OVNET_OFF_CSUM) &&
		(udp->dgram_cksum == 0 || rte_ipv6_udptcp_cksum_verify(ip, udp) != 0))
		return OVNET_DROP_BAD_DHCP;
	return is_link_local(ovnet_ip6_src(ip)) ? PASS : OVNET_DROP_FOREIGN_SOURCE;
}

static void put_headers(struct rte_mbuf *r, const struct ovnet_mac *mac, const uint8_t to[16])
{
	struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(r, struct rte_ipv6_hdr *);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	const rte_be16_t len = rte_cpu_to_be_16((uint16_t)(r->data_len - IP6_LEN));
	uint8_t from[16];

	ovnet_link_local(from, mac);
	*ip = (struct rte_ipv6_hdr){.vtc_flow = RTE_BE32(0x60000000),
		.payload_len = len,
		.proto = IPPROTO_UDP,
		.hop_limits = HOPS};
	ovnet_ip6_set_addrs(ip, from, to);
	*udp = (struct rte_udp_hdr){.src_port = RTE_BE16(OVNET_DHCP6_SERVER),
		.dst_port = RTE_BE16(OVNET_DHCP6_CLIENT),
		.dgram_len = len};
	udp->dgram_cksum = rte_ipv6_udptcp_cksum(ip, udp);
}

static int reply_dhcp(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	const struct ovnet_guest *g, const struct ovnet_dhcp6 *q, struct rte_mbuf **reply)
{
	const struct ovnet_mac mac = ovnet_port_mac(port);
	uint8_t duid[OVNET_DHCP6_OWN_DUID];
	int why;

	ovnet_dhcp6_duid(duid, &mac);
	const enum ovnet_dhcp6_type answer = ovnet_dhcp6_answer(q, g, duid);
	if (answer == OVNET_DHCP6_NONE)
		return TAKEN;
	ctx->counters->dhcp_declined += q->type == OVNET_DHCP6_DECLINE;
	*reply = ovnet_local_reply(ctx, port, m, HEADERS + OVNET_DHCP6_MAX, &why);
	if (*reply == NULL)
		return why;
	struct rte_mbuf *r = *reply;
	uint8_t *msg = rte_pktmbuf_mtod_offset(r, uint8_t *, HEADERS);
	const size_t len = ovnet_dhcp6_build(msg, answer, q, g, duid);
	if (len == 0)
		return OVNET_DROP_BAD_DHCP; /* the reply is dropped as well, as it was made */
	r->data_len = (uint16_t)(HEADERS + len);
	r->pkt_len = r->data_len;
	put_headers(r, &mac, ovnet_ip6_src(rte_pktmbuf_mtod(m, const void *)));
	ctx->counters->dhcp_answers++;
	ctx->counters->dhcp_refused += ovnet_dhcp6_is_refused(q, g);
	return push_ethernet(r, port, &g->mac, RTE_BE16(RTE_ETHER_TYPE_IPV6));
}

int ovnet_local_dhcp6(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply)
{
	const struct ovnet_guest *g = ovnet_guest_of(ctx->shared, port->id);
	const struct rte_ether_hdr eth = *link_of(m); /* before it may be moved */
	struct ovnet_dhcp6 q;

	if (g == NULL || (port->caps & OVNET_CAP_L3))
		return OVNET_DROP_FOREIGN_SOURCE; /* gone since it was looked at; nobody's by a MAC
						   */
	if (!same_mac(&eth.src_addr, g->mac.b))
		return OVNET_DROP_SOURCE_MAC;
	int why = headers_pull(m, (uint16_t)m->pkt_len);
	if (why == PASS)
		why = check_datagram(m);
	if (why != PASS)
		return why;
	if (ovnet_dhcp6_parse(rte_pktmbuf_mtod_offset(m, const uint8_t *, HEADERS),
		    m->pkt_len - HEADERS, &q) < 0)
		return OVNET_DROP_BAD_DHCP;
	return reply_dhcp(ctx, port, m, g, &q, reply);
}
