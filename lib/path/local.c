/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ovnet is asked itself by what lives on attach ports: who has an address (ARP, RFC 826; ND,
 * RFC 4861), and whether the gateway is there. Whoever it is about, the answer is the port: between
 * the ports everything is routed. Nothing is learnt from what is heard, and nothing passed on.
 */
#include <netinet/in.h>

#include <rte_arp.h>
#include <rte_cycles.h>

#include "packet/csum.h"
#include "packet/csum_sum.h"
#include "path/link.h"
#include "path/reach.h"

#define TAKEN \
	(-2) /* a verdict beside PASS, which is a reply, and the drop reasons: no reply is due */

#define ND_MAX     1280 /* more options than anybody sends */
#define ND_HOPS    255  /* it came by this link alone: nobody has forwarded it */
#define ND_OPTIONS (IP6_LEN + sizeof(struct nd))
#define HOPS       64

enum { NS = 135, NA = 136, SOURCE_LINK = 1, TARGET_LINK = 2 };

struct nd {
	uint8_t type, code;
	rte_be16_t csum;
	uint8_t flags, reserved[3];
	uint8_t target[16];
};

struct nd_reply {
	struct rte_ipv6_hdr ip;
	struct nd nd;
	uint8_t option, units, mac[6];
};

static_assert(sizeof(struct nd) == 24 && sizeof(struct nd_reply) == 72, "RFC 4861 section 4.4");

static const uint8_t unspecified[16], all_nodes[16] = {0xff, 0x02, [15] = 1};
static const struct ovnet_mac all_nodes_mac = {{0x33, 0x33, 0, 0, 0, 1}};

/* `mac`: what it says its MAC address is. Both it and the frame's have to be who lives there. */
static int check_bound(const struct ovnet_endpoint *e, const struct ovnet_port *port,
	const struct rte_ether_hdr *eth, const struct rte_ether_addr *mac)
{
	if (e == NULL || e->port != port->id)
		return OVNET_DROP_FOREIGN_SOURCE;
	return is_from_mac(eth, &e->mac) && same_mac(mac, eth->src_addr.addr_bytes)
		       ? PASS
		       : OVNET_DROP_SOURCE_MAC;
}

/* Somewhere else than at that port? What is there answers for itself. */
static bool is_elsewhere(const struct ovnet_endpoint *e, const struct ovnet_port *port)
{
	return e == NULL || e->port != port->id;
}

/* An empty packet of `len` bytes to the port `m` came by. NULL: not now, see *why. */
static struct rte_mbuf *new_reply(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *m, uint16_t len, int *why)
{
	struct ovnet_rate *rate = &ctx->replies[port->id % OVNET_REPLY_RATES];

	*why = TAKEN;
	if (!ovnet_rate_take(rate, rte_rdtsc())) {
		ctx->counters->answers_limited++;
		return NULL;
	}
	*why = OVNET_DROP_NO_MBUF;
	if (rte_pktmbuf_data_room_size(m->pool) < RTE_PKTMBUF_HEADROOM + len)
		return NULL;
	struct rte_mbuf *r = rte_pktmbuf_alloc(m->pool);
	if (r == NULL)
		return NULL;
	*why = PASS;
	r->data_len = len;
	r->pkt_len = len;
	ovnet_meta_reset(r, port->id);
	ovnet_meta(r)->src_version = 0;
	ovnet_meta(r)->flags |= OVNET_META_ANSWER;
	ovnet_meta(r)->out_port = port->id;
	ctx->counters->answers++;
	return r;
}

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

	*reply = new_reply(ctx, port, m, sizeof(struct rte_arp_hdr), &why);
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

static int take_arp(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
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
		why = check_bound(ovnet_fib_endpoint(ctx->view, who), port, link_of(m), &sha);
	if (why != PASS)
		return why;
	if (!asks || !is_asked4(ctx->view, port, who, rte_be_to_cpu_32(arp->arp_data.arp_tip)))
		return TAKEN;
	return reply_arp(ctx, port, m, reply);
}

static bool is_link_local(const uint8_t addr[16])
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

/* The link-local address of the port's MAC (RFC 4291 appendix A). */
static bool is_ports_own(const struct ovnet_port *port, const uint8_t addr[16])
{
	const struct ovnet_mac mac = ovnet_port_mac(port);
	const uint8_t own[16] = {0xfe, 0x80, [8] = mac.b[0] ^ 2, mac.b[1], mac.b[2], 0xff, 0xfe,
		mac.b[3], mac.b[4], mac.b[5]};

	return memcmp(addr, own, sizeof(own)) == 0;
}

static bool is_asked6(const struct ovnet_fib_view *view, const struct ovnet_port *port,
	const uint8_t who[16], const uint8_t of[16])
{
	const struct ovnet_prefix6 *own = &view->overlay.own6;
	uint8_t gateway[16];

	if (memcmp(of, who, 16) == 0)
		return false;
	if (is_link_local(of))
		return is_ports_own(port, of);
	if (!ip6_in(own, of))
		return false;
	memcpy(gateway, own->addr, sizeof(gateway));
	gateway[15]++;
	return memcmp(of, gateway, 16) == 0 || is_elsewhere(ovnet_fib_endpoint6(view, of), port);
}

/* Sets the checksum's field where it is zero, is 0 where it is right. */
static uint16_t nd_sum(const struct rte_mbuf *m)
{
	uint32_t sum =
		rte_be_to_cpu_16(ovnet_csum_sum(m, 8)) + m->pkt_len - IP6_LEN + IPPROTO_ICMPV6;

	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

static int reply_nd(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	const struct rte_ether_addr *from, struct rte_mbuf **reply)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	const uint8_t *target = ((const struct nd *)(ip + 1))->target;
	const bool known = memcmp(ovnet_ip6_src(ip), unspecified, 16) != 0;
	const struct ovnet_mac mac = ovnet_port_mac(port);
	struct ovnet_mac to = all_nodes_mac;
	int why;

	*reply = new_reply(ctx, port, m, sizeof(struct nd_reply), &why);
	if (*reply == NULL)
		return why;
	struct nd_reply *r = rte_pktmbuf_mtod(*reply, struct nd_reply *);
	*r = (struct nd_reply){.ip = {.vtc_flow = RTE_BE32(0x60000000),
				       .payload_len = RTE_BE16(sizeof(*r) - IP6_LEN),
				       .proto = IPPROTO_ICMPV6,
				       .hop_limits = ND_HOPS},
		/* router, override, and solicited where it is known by whom */
		.nd = {.type = NA, .flags = known ? 0xe0 : 0xa0},
		.option = TARGET_LINK,
		.units = 1};
	memcpy(r->nd.target, target, 16);
	memcpy(r->mac, mac.b, sizeof(r->mac));
	ovnet_ip6_set_addrs(&r->ip, target, known ? ovnet_ip6_src(ip) : all_nodes);
	r->nd.csum = rte_cpu_to_be_16(nd_sum(*reply));
	if (known)
		memcpy(to.b, from, sizeof(to.b));
	return push_ethernet(*reply, port, &to, RTE_BE16(RTE_ETHER_TYPE_IPV6));
}

/* Options that have a link-layer address say `from`; *has: there is one. */
static int check_options(
	const uint8_t *nd, unsigned len, uint8_t kind, const struct rte_ether_addr *from, bool *has)
{
	for (unsigned at = ND_OPTIONS, units; at < len; at += units * 8) {
		units = len - at < 8 ? 0 : nd[at + 1];
		if (units == 0 || units * 8 > len - at)
			return OVNET_DROP_BAD_NEIGHBOUR;
		if (nd[at] != kind)
			continue;
		*has = true;
		if (memcmp(nd + at + 2, from, sizeof(*from)) != 0)
			return OVNET_DROP_SOURCE_MAC;
	}
	return PASS;
}

/* RFC 4861 sections 7.1.1 and 7.1.2, all of it contiguous. */
static int check_nd(struct rte_mbuf *m, const struct rte_ether_addr *from)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	const struct nd *nd = (const struct nd *)(ip + 1);
	const bool unknown = memcmp(ovnet_ip6_src(ip), unspecified, 16) == 0;
	bool has = false;

	if (ip->hop_limits != ND_HOPS || nd->code != 0 || nd->target[0] == 0xff ||
		(!(ovnet_meta(m)->offload & OVNET_OFF_CSUM) && nd_sum(m) != 0))
		return OVNET_DROP_BAD_NEIGHBOUR;
	int why = check_options((const uint8_t *)ip, m->data_len,
		nd->type == NS ? SOURCE_LINK : TARGET_LINK, from, &has);
	if (why == PASS && unknown && (has || nd->type != NS))
		return OVNET_DROP_BAD_NEIGHBOUR;
	return why;
}

/* Link-local addresses a station makes itself: any may be its own. */
static int check_nd_source(const struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	const struct rte_ether_hdr *eth, const uint8_t addr[16])
{
	if (is_link_local(addr) || memcmp(addr, unspecified, 16) == 0)
		return is_group(&eth->src_addr) ? OVNET_DROP_SOURCE_MAC : PASS;
	return check_bound(ovnet_fib_endpoint6(ctx->view, addr), port, eth, &eth->src_addr);
}

static int take_nd(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply)
{
	const struct rte_ether_hdr eth = *link_of(m); /* before it may be moved */

	if ((port->caps & OVNET_CAP_L3) || m->pkt_len > ND_MAX || m->pkt_len < ND_OPTIONS)
		return OVNET_DROP_BAD_NEIGHBOUR;
	int why = headers_pull(m, (uint16_t)m->pkt_len);
	if (why != PASS)
		return why;
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	const struct nd *nd = (const struct nd *)(ip + 1);
	why = check_nd_source(ctx, port, &eth, ovnet_ip6_src(ip));
	if (why == PASS && nd->type == NA)
		why = check_nd_source(ctx, port, &eth, nd->target);
	if (why == PASS)
		why = check_nd(m, &eth.src_addr);
	if (why != PASS)
		return why;
	if (nd->type != NS || !is_asked6(ctx->view, port, ovnet_ip6_src(ip), nd->target))
		return TAKEN;
	return reply_nd(ctx, port, m, &eth.src_addr, reply);
}

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

static int take_echo(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	struct ovnet_mac to;

	if (!ovnet_rate_take(&ctx->replies[port->id % OVNET_REPLY_RATES], rte_rdtsc())) {
		ctx->counters->answers_limited++;
		return TAKEN;
	}
	turn_round(m);
	meta->flags |= OVNET_META_ANSWER;
	meta->out_port = port->id;
	*reply = m;
	if (port->caps & OVNET_CAP_L3)
		return PASS;
	memcpy(to.b, &link_of(m)->src_addr, sizeof(to.b));
	return push_ethernet(m, port, &to, link_type(meta));
}

static int take(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply)
{
	if (ctx->view == NULL)
		return OVNET_DROP_FOREIGN_SOURCE;
	if (ovnet_meta(m)->ip_version == 0)
		return take_arp(ctx, port, m, reply);
	return is_nd(m) ? take_nd(ctx, port, m, reply) : take_echo(ctx, port, m, reply);
}

uint16_t STAGE(local)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf **pkts, uint16_t n)
{
	struct refused bad;
	uint16_t kept = 0;

	bad.n = 0;
	stage_enter(ctx, OVNET_STAGE_LOCAL, pkts, n);
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i], *reply = NULL;
		int why = take(ctx, port, m, &reply);

		if (why >= 0) {
			refuse(&bad, m, why);
			if (reply != NULL && reply != m)
				ovnet_drop(ctx, &reply, 1, (enum ovnet_drop)why);
			continue;
		}
		if (reply != m)
			ovnet_absorb(ctx, m);
		if (reply != NULL)
			pkts[kept++] = reply;
	}
	refused_drop(ctx, &bad);
	return kept;
}
