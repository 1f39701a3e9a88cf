/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/dhcp6.h"

#include <errno.h>
#include <string.h>

#include "packet/dhcp6_msg.h"

/* Options one after the other, of a message or of an identity association. */
struct options {
	const uint8_t *at;
	size_t left;
};

struct option {
	uint16_t code, len;
	const uint8_t *value;
};

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* 1: *o is the next; 0: that was all; -EINVAL: it ends beyond the end. */
static int next_option(struct options *from, struct option *o)
{
	if (from->left == 0)
		return 0;
	if (from->left < DHCP6_OPTION)
		return -EINVAL;
	*o = (struct option){get16(from->at), get16(from->at + 2), from->at + DHCP6_OPTION};
	if (o->len > from->left - DHCP6_OPTION)
		return -EINVAL;
	from->at += DHCP6_OPTION + o->len;
	from->left -= DHCP6_OPTION + (size_t)o->len;
	return 1;
}

static int read_addresses(struct ovnet_dhcp6_ia *ia, struct options from)
{
	struct option o;
	int more;

	while ((more = next_option(&from, &o)) == 1) {
		if (o.code != DHCP6_ADDRESS)
			continue;
		if (o.len < DHCP6_ADDR_LEN || ia->n_addrs == OVNET_DHCP6_ADDRS)
			return -EINVAL;
		ia->addrs[ia->n_addrs++] = o.value;
	}
	return more;
}

/* Identity, in IA_NA and IA_PD two times, options. */
static int take_ia(struct ovnet_dhcp6 *q, const struct option *o)
{
	const uint16_t fixed = o->code == DHCP6_IA_TA ? 4 : 12;

	if (o->len < fixed || q->n_ias == OVNET_DHCP6_IAS)
		return -EINVAL;
	struct ovnet_dhcp6_ia *ia = &q->ias[q->n_ias++];
	*ia = (struct ovnet_dhcp6_ia){.code = o->code};
	memcpy(ia->id, o->value, sizeof(ia->id));
	if (o->code != DHCP6_IA_NA)
		return 0;
	return read_addresses(ia, (struct options){o->value + fixed, (size_t)o->len - fixed});
}

static int take_duid(const struct option *o, const uint8_t **duid, uint8_t *len)
{
	if (*len != 0 || o->len < 3 || o->len > OVNET_DHCP6_DUID)
		return -EINVAL;
	*duid = o->value;
	*len = (uint8_t)o->len;
	return 0;
}

static int take_list(struct ovnet_dhcp6 *q, const struct option *o)
{
	if (o->len % 2 != 0)
		return -EINVAL;
	for (unsigned i = 0; i < o->len; i += 2) {
		q->wants_dns = q->wants_dns || get16(o->value + i) == DHCP6_DNS;
		q->wants_domain = q->wants_domain || get16(o->value + i) == DHCP6_DOMAINS;
	}
	return 0;
}

static int take(struct ovnet_dhcp6 *q, const struct option *o)
{
	switch (o->code) {
	case DHCP6_CLIENT_ID:
		return take_duid(o, &q->client, &q->client_len);
	case DHCP6_SERVER_ID:
		return take_duid(o, &q->server, &q->server_len);
	case DHCP6_IA_NA:
	case DHCP6_IA_TA:
	case DHCP6_IA_PD:
		return take_ia(q, o);
	case DHCP6_LIST:
		return take_list(q, o);
	case DHCP6_RAPID_COMMIT:
		q->rapid_commit = true;
		return o->len == 0 ? 0 : -EINVAL;
	default:
		return 0;
	}
}

/* Who has to be named in such a message, and who must not be. */
static int check_ids(const struct ovnet_dhcp6 *q)
{
	const bool client = q->client_len != 0, server = q->server_len != 0;
	bool good;

	switch (q->type) {
	case OVNET_DHCP6_SOLICIT:
	case OVNET_DHCP6_CONFIRM:
	case OVNET_DHCP6_REBIND:
		good = client && !server;
		break;
	case OVNET_DHCP6_REQUEST:
	case OVNET_DHCP6_RENEW:
	case OVNET_DHCP6_RELEASE:
	case OVNET_DHCP6_DECLINE:
		good = client && server;
		break;
	case OVNET_DHCP6_INFORMATION_REQUEST:
		good = q->n_ias == 0;
		break;
	default:
		good = false; /* a server's or a relay's */
		break;
	}
	return good ? 0 : -EINVAL;
}

int ovnet_dhcp6_parse(const uint8_t *msg, size_t len, struct ovnet_dhcp6 *q)
{
	struct option o;
	int more;

	*q = (struct ovnet_dhcp6){0};
	if (len < DHCP6_HEADER)
		return -EINVAL;
	q->type = msg[0];
	memcpy(q->xid, msg + 1, sizeof(q->xid));
	struct options all = {msg + DHCP6_HEADER, len - DHCP6_HEADER};
	while ((more = next_option(&all, &o)) == 1)
		if (take(q, &o) < 0)
			return -EINVAL;
	return more < 0 ? more : check_ids(q);
}
