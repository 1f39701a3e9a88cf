/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/dhcp4.h"

#include <rte_common.h>

#include "packet/dhcp4_msg.h"
#include "packet/put.h"

#define IP_UDP   28u
#define LEAST_IP 576u /* every client takes it: RFC 2131 section 2 */
#define BOOTP    300u /* shorter messages are not forwarded by some (RFC 1542 section 2.1) */

/* The address it has or wants: option 50, or what it says is its own. */
static bool wants_its_own(const struct ovnet_dhcp4 *q, const struct ovnet_guest *g)
{
	if (q->has_requested && q->requested != g->addr4)
		return false;
	if (q->ciaddr != 0 && q->ciaddr != g->addr4)
		return false;
	return q->has_requested || q->ciaddr != 0;
}

/*
 * RFC 2131 section 4.3.2. Nobody else is a server on this link, so that a client which took another
 * one's offer, somewhere else, is told that this does not hold here.
 */
static enum ovnet_dhcp4_type answer_request(
	const struct ovnet_dhcp4 *q, const struct ovnet_guest *g)
{
	if (q->has_server && q->server != g->server4)
		return OVNET_DHCP4_NAK;
	return wants_its_own(q, g) ? OVNET_DHCP4_ACK : OVNET_DHCP4_NAK;
}

enum ovnet_dhcp4_type ovnet_dhcp4_answer(const struct ovnet_dhcp4 *q, const struct ovnet_guest *g)
{
	if (!g->has4)
		return OVNET_DHCP4_NONE;
	switch (q->type) {
	case OVNET_DHCP4_DISCOVER:
		return OVNET_DHCP4_OFFER;
	case OVNET_DHCP4_REQUEST:
		return answer_request(q, g);
	case OVNET_DHCP4_INFORM:
		return q->ciaddr == g->addr4 ? OVNET_DHCP4_ACK : OVNET_DHCP4_NONE;
	default:
		return OVNET_DHCP4_NONE;
	}
}

bool ovnet_dhcp4_broadcast(const struct ovnet_dhcp4 *q, enum ovnet_dhcp4_type answer)
{
	if (answer == OVNET_DHCP4_NAK)
		return true;
	return q->ciaddr == 0 && (q->flags[0] & 0x80);
}

/* Whole or not at all, with room left for the end. */
static void put_option(struct ovnet_put *p, uint8_t code, const void *value, size_t len)
{
	if (len == 0 || len > UINT8_MAX || (size_t)(p->end - p->at) < len + 3)
		return;
	ovnet_put8(p, code);
	ovnet_put8(p, (uint8_t)len);
	ovnet_put_bytes(p, value, len);
}

static void put_option32(struct ovnet_put *p, uint8_t code, uint32_t value)
{
	const rte_be32_t be = rte_cpu_to_be_32(value);

	put_option(p, code, &be, sizeof(be));
}

/* UINT32_MAX: for ever. */
static uint32_t part_of(uint32_t lease, unsigned eighths)
{
	return lease == UINT32_MAX ? lease : (uint32_t)((uint64_t)lease * eighths / 8);
}

static void put_lease(struct ovnet_put *p, const struct ovnet_guest *g)
{
	put_option32(p, DHCP_LEASE, g->lease_s);
	put_option32(p, DHCP_T1, part_of(g->lease_s, 4));
	put_option32(p, DHCP_T2, part_of(g->lease_s, 7));
}

/* Of each route the prefix's length, as many bytes of it as that covers, the router (RFC 3442). */
static void put_routes(struct ovnet_put *p, const struct ovnet_guest *g)
{
	uint8_t bytes[OVNET_GUEST_ROUTES * 9];
	struct ovnet_put list = {bytes, bytes + sizeof(bytes), false};

	for (unsigned i = 0; i < g->n_routes4; i++) {
		const struct ovnet_guest_route *r = &g->routes4[i];
		const rte_be32_t net = rte_cpu_to_be_32(r->to.addr_host);

		ovnet_put8(&list, r->to.len);
		ovnet_put_bytes(&list, &net, (r->to.len + 7u) / 8);
		ovnet_put_bytes(&list, &r->via, sizeof(r->via));
	}
	put_option(p, DHCP_ROUTES, bytes, (size_t)(list.at - bytes));
}

/* Who says nothing gets what every client understands. */
static bool is_listed(const struct ovnet_dhcp4 *q, uint8_t code)
{
	if (!q->has_list)
		return code != DHCP_ROUTES;
	return q->listed[code / 64] >> code % 64 & 1;
}

static void put_asked(struct ovnet_put *p, uint8_t code, const struct ovnet_guest *g)
{
	const rte_be32_t all = g->addr4 | ~g->mask4;
	const rte_be16_t mtu = rte_cpu_to_be_16(g->mtu);

	switch (code) {
	case DHCP_MASK:
		put_option(p, code, &g->mask4, sizeof(g->mask4));
		break;
	case DHCP_ROUTES:
		put_routes(p, g);
		break;
	case DHCP_ROUTER:
		put_option(p, code, &g->router4, sizeof(g->router4));
		break;
	case DHCP_DNS:
		put_option(p, code, g->dns4, g->n_dns4 * sizeof(g->dns4[0]));
		break;
	case DHCP_MTU:
		put_option(p, code, &mtu, g->mtu != 0 ? sizeof(mtu) : 0);
		break;
	case DHCP_BROADCAST:
		put_option(p, code, &all, sizeof(all));
		break;
	case DHCP_HOSTNAME:
		put_option(p, code, g->hostname, strlen(g->hostname));
		break;
	case DHCP_DOMAIN:
		put_option(p, code, g->domain, strlen(g->domain));
		break;
	default:
		break;
	}
}

static void put_options(struct ovnet_put *p, enum ovnet_dhcp4_type answer,
	const struct ovnet_dhcp4 *q, const struct ovnet_guest *g)
{
	/* By what the client needs most; the mask comes before the router (RFC 2132 section 3.3).
	 */
	static const uint8_t order[] = {DHCP_MASK, DHCP_ROUTES, DHCP_ROUTER, DHCP_MTU, DHCP_DNS,
		DHCP_BROADCAST, DHCP_HOSTNAME, DHCP_DOMAIN};
	const uint8_t type = (uint8_t)answer;

	put_option(p, DHCP_TYPE, &type, sizeof(type));
	put_option(p, DHCP_SERVER, &g->server4, sizeof(g->server4));
	if (answer != OVNET_DHCP4_NAK && q->type != OVNET_DHCP4_INFORM)
		put_lease(p, g);
	put_option(p, DHCP_CLIENT_ID, q->client_id, q->client_id_len); /* RFC 6842 */
	for (unsigned i = 0; i < RTE_DIM(order) && answer != OVNET_DHCP4_NAK; i++)
		if (is_listed(q, order[i]))
			put_asked(p, order[i], g);
}

size_t ovnet_dhcp4_build(uint8_t msg[OVNET_DHCP4_MAX], enum ovnet_dhcp4_type answer,
	const struct ovnet_dhcp4 *q, const struct ovnet_guest *g)
{
	const unsigned takes = RTE_MAX((unsigned)q->max_size, LEAST_IP);
	const unsigned most =
		RTE_MIN(RTE_MAX((unsigned)g->mtu, LEAST_IP), OVNET_DHCP4_MAX + IP_UDP);
	struct ovnet_put p = {msg, msg + RTE_MIN(takes, most) - IP_UDP, false};
	struct dhcp_msg h = {.op = BOOTREPLY, .htype = ETHERNET, .hlen = 6, .cookie = DHCP_COOKIE};

	memcpy(h.xid, q->xid, sizeof(h.xid));
	memcpy(h.flags, q->flags, sizeof(h.flags));
	memcpy(h.chaddr, q->chaddr, sizeof(h.chaddr));
	if (answer == OVNET_DHCP4_ACK)
		h.ciaddr = q->ciaddr;
	if (answer != OVNET_DHCP4_NAK && q->type != OVNET_DHCP4_INFORM)
		h.yiaddr = g->addr4;
	ovnet_put_bytes(&p, &h, sizeof(h));
	put_options(&p, answer, q, g);
	ovnet_put8(&p, DHCP_END);
	size_t len = (size_t)(p.at - msg);
	if (len < BOOTP) {
		memset(p.at, 0, BOOTP - len);
		len = BOOTP;
	}
	return len;
}
