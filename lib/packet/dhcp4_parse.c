/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/dhcp4.h"

#include <errno.h>
#include <string.h>

#include "packet/dhcp4_msg.h"

/* What is gathered while options are read. */
struct reading {
	struct ovnet_dhcp4 *q;
	uint64_t seen;    /* options that may be there once, below 64 */
	uint8_t overload; /* which fields hold options as well: 1 file, 2 sname */
};

/*
 * Options beyond 255 bytes come in several parts (RFC 3396): none of these is that long, so that a
 * second one makes the first one wrong.
 */
static int once(struct reading *r, uint8_t code)
{
	const uint64_t bit = UINT64_C(1) << code;

	if (r->seen & bit)
		return -EINVAL;
	r->seen |= bit;
	return 0;
}

static int take_fixed(struct reading *r, uint8_t code, const uint8_t *value, uint8_t len)
{
	struct ovnet_dhcp4 *q = r->q;
	static const uint8_t want[] = {[DHCP_REQUESTED] = 4,
		[DHCP_OVERLOAD] = 1,
		[DHCP_TYPE] = 1,
		[DHCP_SERVER] = 4,
		[DHCP_MAX_SIZE] = 2};

	if (len != want[code] || once(r, code) < 0)
		return -EINVAL;
	if (code == DHCP_REQUESTED) {
		q->has_requested = true;
		memcpy(&q->requested, value, sizeof(q->requested));
	} else if (code == DHCP_SERVER) {
		q->has_server = true;
		memcpy(&q->server, value, sizeof(q->server));
	} else if (code == DHCP_MAX_SIZE) {
		q->max_size = (uint16_t)(value[0] << 8 | value[1]);
	} else if (code == DHCP_TYPE) {
		q->type = *value;
	} else if (*value < 1 || *value > 3) {
		return -EINVAL;
	} else {
		r->overload = *value;
	}
	return 0;
}

static int take(struct reading *r, uint8_t code, const uint8_t *value, uint8_t len)
{
	struct ovnet_dhcp4 *q = r->q;

	switch (code) {
	case DHCP_REQUESTED:
	case DHCP_OVERLOAD:
	case DHCP_TYPE:
	case DHCP_SERVER:
	case DHCP_MAX_SIZE:
		return take_fixed(r, code, value, len);
	case DHCP_LIST:
		q->has_list = true;
		for (unsigned i = 0; i < len; i++)
			q->listed[value[i] / 64] |= UINT64_C(1) << value[i] % 64;
		return 0;
	case DHCP_CLIENT_ID:
		if (len == 0 || once(r, code) < 0)
			return -EINVAL;
		q->client_id = value;
		q->client_id_len = len;
		return 0;
	default:
		return 0;
	}
}

static int read_options(struct reading *r, const uint8_t *from, size_t len)
{
	for (size_t at = 0; at < len;) {
		uint8_t code = from[at++];

		if (code == DHCP_PAD)
			continue;
		if (code == DHCP_END)
			return 0;
		if (at == len || from[at] > len - at - 1)
			return -EINVAL;
		uint8_t n = from[at++];
		if (take(r, code, from + at, n) < 0)
			return -EINVAL;
		at += n;
	}
	return 0;
}

/* The fields are read once each, whatever says in them that they are to be. */
static int read_overload(struct reading *r, const struct dhcp_msg *h)
{
	const uint8_t overload = r->overload;

	if ((overload & 1) && read_options(r, h->file, sizeof(h->file)) < 0)
		return -EINVAL;
	return overload & 2 ? read_options(r, h->sname, sizeof(h->sname)) : 0;
}

int ovnet_dhcp4_parse(const uint8_t *msg, size_t len, struct ovnet_dhcp4 *q)
{
	const struct dhcp_msg *h = (const struct dhcp_msg *)msg;
	struct reading r = {.q = q};

	*q = (struct ovnet_dhcp4){0};
	if (len < sizeof(*h) || h->op != BOOTREQUEST || h->htype != ETHERNET || h->hlen != 6 ||
		memcmp(&h->cookie, &(rte_be32_t){DHCP_COOKIE}, sizeof(h->cookie)) != 0)
		return -EINVAL;
	memcpy(q->xid, h->xid, sizeof(q->xid));
	memcpy(q->flags, h->flags, sizeof(q->flags));
	memcpy(q->chaddr, h->chaddr, sizeof(q->chaddr));
	memcpy(&q->ciaddr, &h->ciaddr, sizeof(q->ciaddr));
	memcpy(&q->giaddr, &h->giaddr, sizeof(q->giaddr));
	if (read_options(&r, msg + sizeof(*h), len - sizeof(*h)) < 0 || read_overload(&r, h) < 0)
		return -EINVAL;
	/* Without a type it is BOOTP (RFC 951). */
	return q->type == OVNET_DHCP4_NONE || q->type == OVNET_DHCP4_OFFER ||
			       q->type == OVNET_DHCP4_ACK || q->type == OVNET_DHCP4_NAK
		       ? -EINVAL
		       : 0;
}
