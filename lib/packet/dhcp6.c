/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/dhcp6.h"

#include <rte_common.h>

#include "packet/dhcp6_msg.h"
#include "packet/put.h"

#define DUID_LL      3
#define HW_ETHERNET  1
#define LABEL_MAX    63
#define PREFER_ABOVE 255 /* clients need not wait for other servers' offers */

const uint8_t ovnet_dhcp6_servers[16] = {0xff, 0x02, [13] = 1, 0, 2};

void ovnet_dhcp6_duid(uint8_t duid[OVNET_DHCP6_OWN_DUID], const struct ovnet_mac *mac)
{
	const uint8_t head[] = {0, DUID_LL, 0, HW_ETHERNET};

	memcpy(duid, head, sizeof(head));
	memcpy(duid + sizeof(head), mac->b, sizeof(mac->b));
}

static bool is_own(const struct ovnet_guest *g, const uint8_t *addr)
{
	return memcmp(addr, g->addr6, sizeof(g->addr6)) == 0;
}

/* Are all its addresses the guest's? */
static bool is_right(const struct ovnet_dhcp6_ia *ia, const struct ovnet_guest *g)
{
	for (unsigned i = 0; i < ia->n_addrs; i++)
		if (!is_own(g, ia->addrs[i]))
			return false;
	return true;
}

static unsigned count_addrs(const struct ovnet_dhcp6 *q)
{
	unsigned n = 0;

	for (unsigned i = 0; i < q->n_ias; i++)
		n += q->ias[i].n_addrs;
	return n;
}

bool ovnet_dhcp6_is_refused(const struct ovnet_dhcp6 *q, const struct ovnet_guest *g)
{
	/* A wish in SOLICIT is no more than that. */
	for (unsigned i = 0; i < q->n_ias && q->type != OVNET_DHCP6_SOLICIT; i++)
		if (!is_right(&q->ias[i], g))
			return true;
	return false;
}

enum ovnet_dhcp6_type ovnet_dhcp6_answer(const struct ovnet_dhcp6 *q, const struct ovnet_guest *g,
	const uint8_t duid[OVNET_DHCP6_OWN_DUID])
{
	if (!g->has6)
		return OVNET_DHCP6_NONE;
	if (q->server_len != 0 && (q->server_len != OVNET_DHCP6_OWN_DUID ||
					  memcmp(q->server, duid, OVNET_DHCP6_OWN_DUID) != 0))
		return OVNET_DHCP6_NONE;
	if (q->type == OVNET_DHCP6_SOLICIT && !q->rapid_commit)
		return OVNET_DHCP6_ADVERTISE;
	/* RFC 8415 section 18.3.3: nothing to confirm. */
	if (q->type == OVNET_DHCP6_CONFIRM && count_addrs(q) == 0)
		return OVNET_DHCP6_NONE;
	return OVNET_DHCP6_REPLY;
}

/* An option whose length is known when it ends. NULL: there is no room for its head. */
static uint8_t *begin(struct ovnet_put *p, uint16_t code)
{
	ovnet_put16(p, code);
	uint8_t *len = p->at;
	ovnet_put16(p, 0);
	return p->full ? NULL : len;
}

static void end(struct ovnet_put *p, uint8_t *len)
{
	if (len == NULL)
		return;
	const uint16_t n = (uint16_t)(p->at - len - 2);
	len[0] = (uint8_t)(n >> 8);
	len[1] = (uint8_t)n;
}

static void put_option(struct ovnet_put *p, uint16_t code, const void *value, uint16_t len)
{
	ovnet_put16(p, code);
	ovnet_put16(p, len);
	ovnet_put_bytes(p, value, len);
}

/* The text is for people; they have the number's name. */
static void put_status(struct ovnet_put *p, enum dhcp6_status status)
{
	ovnet_put16(p, DHCP6_STATUS);
	ovnet_put16(p, 2);
	ovnet_put16(p, (uint16_t)status);
}

static void put_address(struct ovnet_put *p, const uint8_t *addr, uint32_t lifetime)
{
	ovnet_put16(p, DHCP6_ADDRESS);
	ovnet_put16(p, DHCP6_ADDR_LEN);
	ovnet_put_bytes(p, addr, 16);
	ovnet_put32(p, lifetime); /* preferred */
	ovnet_put32(p, lifetime); /* valid */
}

/* UINT32_MAX: for ever. */
static uint32_t part_of(uint32_t lease, unsigned tenths)
{
	return lease == UINT32_MAX ? lease : (uint32_t)((uint64_t)lease * tenths / 10);
}

/* The guest's address; those that are not its own, it is to use no longer. */
static void put_own(struct ovnet_put *p, const struct ovnet_dhcp6_ia *ia,
	const struct ovnet_guest *g, bool others)
{
	put_address(p, g->addr6, g->lease_s);
	for (unsigned i = 0; others && i < ia->n_addrs; i++)
		if (!is_own(g, ia->addrs[i]))
			put_address(p, ia->addrs[i], 0);
}

/* `first`: of the message's IA_NA, the one that has the address. */
static void put_ia(struct ovnet_put *p, const struct ovnet_dhcp6 *q,
	const struct ovnet_dhcp6_ia *ia, const struct ovnet_guest *g, bool first)
{
	const bool request = q->type == OVNET_DHCP6_REQUEST;
	const bool own = first && (!request || is_right(ia, g));
	uint8_t *len = begin(p, ia->code);

	ovnet_put_bytes(p, ia->id, sizeof(ia->id));
	if (ia->code != DHCP6_IA_TA) {
		ovnet_put32(p, own ? part_of(g->lease_s, 5) : 0); /* T1 */
		ovnet_put32(p, own ? part_of(g->lease_s, 8) : 0); /* T2 */
	}
	if (own)
		put_own(p, ia, g, q->type != OVNET_DHCP6_SOLICIT);
	else if (ia->code == DHCP6_IA_PD)
		put_status(p, DHCP6_NO_PREFIX);
	else
		put_status(p, first ? DHCP6_NOT_ON_LINK : DHCP6_NO_ADDRS);
	end(p, len);
}

static void put_ias(struct ovnet_put *p, const struct ovnet_dhcp6 *q, const struct ovnet_guest *g)
{
	bool first = true;

	for (unsigned i = 0; i < q->n_ias; i++) {
		const bool na = q->ias[i].code == DHCP6_IA_NA;

		put_ia(p, q, &q->ias[i], g, na && first);
		first = first && !na;
	}
}

/* RELEASE and DECLINE: of what the guest does not have (RFC 8415 section 18.3.7). */
static void put_unbound(
	struct ovnet_put *p, const struct ovnet_dhcp6 *q, const struct ovnet_guest *g)
{
	for (unsigned i = 0; i < q->n_ias; i++) {
		const struct ovnet_dhcp6_ia *ia = &q->ias[i];

		if (ia->code == DHCP6_IA_NA && is_right(ia, g))
			continue;
		uint8_t *len = begin(p, ia->code);
		ovnet_put_bytes(p, ia->id, sizeof(ia->id));
		if (ia->code != DHCP6_IA_TA) {
			ovnet_put32(p, 0);
			ovnet_put32(p, 0);
		}
		put_status(p, DHCP6_NO_BINDING);
		end(p, len);
	}
	put_status(p, DHCP6_SUCCESS);
}

/* As in DNS, uncompressed (RFC 8415 section 10). */
static void put_domain(struct ovnet_put *p, const char *name)
{
	uint8_t *len = begin(p, DHCP6_DOMAINS);

	while (*name != '\0') {
		const size_t n = strcspn(name, ".");
		if (n > 0 && n <= LABEL_MAX) {
			ovnet_put8(p, (uint8_t)n);
			ovnet_put_bytes(p, name, n);
		}
		name += n + (name[n] == '.');
	}
	ovnet_put8(p, 0);
	end(p, len);
}

size_t ovnet_dhcp6_build(uint8_t msg[OVNET_DHCP6_MAX], enum ovnet_dhcp6_type answer,
	const struct ovnet_dhcp6 *q, const struct ovnet_guest *g,
	const uint8_t duid[OVNET_DHCP6_OWN_DUID])
{
	struct ovnet_put p = {msg, msg + OVNET_DHCP6_MAX, false};

	ovnet_put8(&p, (uint8_t)answer);
	ovnet_put_bytes(&p, q->xid, sizeof(q->xid));
	put_option(&p, DHCP6_SERVER_ID, duid, OVNET_DHCP6_OWN_DUID);
	if (q->client_len != 0)
		put_option(&p, DHCP6_CLIENT_ID, q->client, q->client_len);
	if (answer == OVNET_DHCP6_ADVERTISE)
		put_option(&p, DHCP6_PREFERENCE, &(uint8_t){PREFER_ABOVE}, 1);
	if (q->type == OVNET_DHCP6_SOLICIT && answer == OVNET_DHCP6_REPLY)
		put_option(&p, DHCP6_RAPID_COMMIT, NULL, 0);
	if (q->type == OVNET_DHCP6_RELEASE || q->type == OVNET_DHCP6_DECLINE)
		put_unbound(&p, q, g);
	else if (q->type == OVNET_DHCP6_CONFIRM)
		put_status(&p, ovnet_dhcp6_is_refused(q, g) ? DHCP6_NOT_ON_LINK : DHCP6_SUCCESS);
	else
		put_ias(&p, q, g);
	if (q->wants_dns && g->n_dns6 > 0)
		put_option(&p, DHCP6_DNS, g->dns6, (uint16_t)(g->n_dns6 * sizeof(g->dns6[0])));
	if (q->wants_domain && g->domain[0] != '\0')
		put_domain(&p, g->domain);
	return p.full ? 0 : (size_t)(p.at - msg);
}
