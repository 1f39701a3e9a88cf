/* SPDX-License-Identifier: BSD-3-Clause */
/* DHCP of attach ports' guests (RFC 2131). */
#include "packet/dhcp4.h"

#include "path/guest.h"
#include "path/local.h"
#include "path/reach.h"

#define HOPS    64
#define UDP_LEN ((unsigned)sizeof(struct rte_udp_hdr))
#define HEADERS (IP4_MIN + UDP_LEN)

/* A whole datagram, contiguous; *payload and *len: what it carries. PASS or a drop reason. */
static int check_datagram(struct rte_mbuf *m, const uint8_t **payload, unsigned *len)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	const unsigned header = ip4_header_len(ip);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)((const uint8_t *)ip + header);

	/* Nobody sends more than the datagram in the packet. */
	if (m->pkt_len < header + UDP_LEN ||
		rte_be_to_cpu_16(udp->dgram_len) != m->pkt_len - header ||
		rte_raw_cksum(ip, header) != 0xffff)
		return OVNET_DROP_BAD_DHCP;
	if (!(ovnet_meta(m)->offload & OVNET_OFF_CSUM) && udp->dgram_cksum != 0 &&
		rte_ipv4_udptcp_cksum_verify(ip, udp) != 0)
		return OVNET_DROP_BAD_DHCP;
	*payload = (const uint8_t *)(udp + 1);
	*len = m->pkt_len - header - UDP_LEN;
	return PASS;
}

/* From the guest itself, in each of the three places that say so? */
static int check_sender(const struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	const struct ovnet_guest *g, const struct rte_ether_hdr *eth, rte_be32_t src)
{
	if (!same_mac(&eth->src_addr, g->mac.b))
		return OVNET_DROP_SOURCE_MAC;
	if (src == 0)
		return PASS;
	return ovnet_local_bound(
		ovnet_fib_endpoint(ctx->view, rte_be_to_cpu_32(src)), port, eth, &eth->src_addr);
}

static void put_headers(struct rte_mbuf *r, const struct ovnet_guest *g, bool broadcast)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(r, struct rte_ipv4_hdr *);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

	*ip = (struct rte_ipv4_hdr){.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16(r->data_len),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = HOPS,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = g->server4,
		.dst_addr = broadcast ? UINT32_MAX : g->addr4};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	*udp = (struct rte_udp_hdr){.src_port = RTE_BE16(OVNET_DHCP4_SERVER),
		.dst_port = RTE_BE16(OVNET_DHCP4_CLIENT),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(r->data_len - IP4_MIN))};
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
}

static int reply_dhcp(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	const struct ovnet_guest *g, const struct ovnet_dhcp4 *q, struct rte_mbuf **reply)
{
	static const struct ovnet_mac everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	const enum ovnet_dhcp4_type answer = ovnet_dhcp4_answer(q, g);
	int why;

	ctx->counters->dhcp_declined += q->type == OVNET_DHCP4_DECLINE;
	if (answer == OVNET_DHCP4_NONE)
		return TAKEN;
	*reply = ovnet_local_reply(ctx, port, m, HEADERS + OVNET_DHCP4_MAX, &why);
	if (*reply == NULL)
		return why;
	struct rte_mbuf *r = *reply;
	uint8_t *msg = rte_pktmbuf_mtod_offset(r, uint8_t *, HEADERS);
	r->data_len = (uint16_t)(HEADERS + ovnet_dhcp4_build(msg, answer, q, g));
	r->pkt_len = r->data_len;
	const bool broadcast = ovnet_dhcp4_broadcast(q, answer);
	put_headers(r, g, broadcast);
	ctx->counters->dhcp_answers++;
	ctx->counters->dhcp_refused += answer == OVNET_DHCP4_NAK;
	return push_ethernet(
		r, port, broadcast ? &everybody : &g->mac, RTE_BE16(RTE_ETHER_TYPE_IPV4));
}

int ovnet_local_dhcp4(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply)
{
	const struct ovnet_guest *g = ovnet_guest_of(ctx->shared, port->id);
	const struct rte_ether_hdr eth = *link_of(m); /* before it may be moved */
	const uint8_t *msg;
	struct ovnet_dhcp4 q;
	unsigned len;

	if (g == NULL || (port->caps & OVNET_CAP_L3))
		return OVNET_DROP_FOREIGN_SOURCE; /* gone since it was looked at; nobody's by a MAC
						   */
	int why = headers_pull(m, (uint16_t)m->pkt_len);
	if (why == PASS)
		why = check_sender(ctx, port, g, &eth,
			rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *)->src_addr);
	if (why == PASS)
		why = check_datagram(m, &msg, &len);
	if (why != PASS)
		return why;
	/* A relay's messages come from behind a guest: there is nobody. */
	if (ovnet_dhcp4_parse(msg, len, &q) < 0 || q.giaddr != 0)
		return OVNET_DROP_BAD_DHCP;
	if (memcmp(q.chaddr, g->mac.b, sizeof(g->mac.b)) != 0)
		return OVNET_DROP_SOURCE_MAC;
	return reply_dhcp(ctx, port, m, g, &q, reply);
}
