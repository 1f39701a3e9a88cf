/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/router_advert.h"

#include <netinet/in.h>

#include "packet/dpdk_compat.h"
#include "packet/put.h"

#define HOPS      255 /* nobody has forwarded it */
#define HOP_LIMIT 64  /* of the guest's own packets */

enum { SOURCE_LINK = 1, PREFIX = 3, LINK_MTU = 5, RDNSS = 25 /* RFC 8106 */ };
/* Address and the rest come by DHCPv6; the second says what the first one implies. */
enum { MANAGED = 0x80, OTHER = 0x40, ON_LINK = 0x80 };

const uint8_t ovnet_all_nodes[16] = {0xff, 0x02, [15] = 1};
const uint8_t ovnet_all_routers[16] = {0xff, 0x02, [15] = 2};

void ovnet_link_local(uint8_t addr[16], const struct ovnet_mac *mac)
{
	const uint8_t own[16] = {0xfe, 0x80, [8] = mac->b[0] ^ 2, mac->b[1], mac->b[2], 0xff, 0xfe,
		mac->b[3], mac->b[4], mac->b[5]};

	memcpy(addr, own, sizeof(own));
}

/* Each option says its length in units of 8 bytes. */
static void put_option(struct ovnet_put *p, uint8_t kind, uint8_t units)
{
	ovnet_put8(p, kind);
	ovnet_put8(p, units);
}

/* On the link, but no address is made of it. */
static void put_prefix(struct ovnet_put *p, const struct ovnet_prefix6 *net)
{
	put_option(p, PREFIX, 4);
	ovnet_put8(p, net->len);
	ovnet_put8(p, ON_LINK);
	ovnet_put32(p, UINT32_MAX); /* valid for ever */
	ovnet_put32(p, UINT32_MAX); /* preferred; of no meaning here */
	ovnet_put32(p, 0);
	ovnet_put_bytes(p, net->addr, sizeof(net->addr));
}

static void put_options(
	struct ovnet_put *p, const struct ovnet_guest *g, const struct ovnet_mac *mac)
{
	put_option(p, SOURCE_LINK, 1);
	ovnet_put_bytes(p, mac->b, sizeof(mac->b));
	put_option(p, LINK_MTU, 1);
	ovnet_put16(p, 0);
	ovnet_put32(p, g->mtu);
	put_prefix(p, &g->net6);
	if (g->n_dns6 == 0)
		return;
	put_option(p, RDNSS, (uint8_t)(1 + 2 * g->n_dns6));
	ovnet_put16(p, 0);
	ovnet_put32(p, OVNET_ROUTER_LIFETIME);
	ovnet_put_bytes(p, g->dns6, g->n_dns6 * sizeof(g->dns6[0]));
}

static void put_advert(struct ovnet_put *p)
{
	ovnet_put8(p, OVNET_ND_ROUTER_ADVERT);
	ovnet_put8(p, 0);
	ovnet_put16(p, 0); /* checksum */
	ovnet_put8(p, HOP_LIMIT);
	ovnet_put8(p, MANAGED | OTHER);
	ovnet_put16(p, OVNET_ROUTER_LIFETIME);
	ovnet_put32(p, 0); /* reachable time: not said */
	ovnet_put32(p, 0); /* time between solicitations: the same */
}

size_t ovnet_router_advert(uint8_t packet[OVNET_ROUTER_ADVERT_MAX], const struct ovnet_guest *g,
	const struct ovnet_mac *mac, const uint8_t to[16])
{
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)packet;
	struct ovnet_put p = {packet + sizeof(*ip), packet + OVNET_ROUTER_ADVERT_MAX, false};
	uint8_t from[16];

	put_advert(&p);
	put_options(&p, g, mac);
	const size_t len = (size_t)(p.at - packet);
	*ip = (struct rte_ipv6_hdr){.vtc_flow = RTE_BE32(0x60000000),
		.payload_len = rte_cpu_to_be_16((uint16_t)(len - sizeof(*ip))),
		.proto = IPPROTO_ICMPV6,
		.hop_limits = HOPS};
	ovnet_link_local(from, mac);
	ovnet_ip6_set_addrs(ip, from, to);
	const rte_be16_t sum = rte_ipv6_udptcp_cksum(ip, ip + 1);
	memcpy(packet + sizeof(*ip) + 2, &sum, sizeof(sum));
	return len;
}
