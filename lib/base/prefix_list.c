/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/prefix_list.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/number6.h"

/* Addresses of both families are numbers here, of so many bits. */
static unsigned bits_of(uint8_t family)
{
	return family == AF_INET6 ? 128 : 32;
}

static u128 number(const struct ovnet_addr *a)
{
	return a->family == AF_INET ? ntohl(a->v4_be) : number6(a->v6);
}

static u128 base_of(const struct ovnet_prefix *p)
{
	return p->family == AF_INET ? p->v4.addr_host : number6(p->v6.addr);
}

static struct ovnet_prefix prefix_of(uint8_t family, u128 base, unsigned len)
{
	struct ovnet_prefix p = {.family = family};

	if (family == AF_INET) {
		p.v4 = (struct ovnet_prefix4){(uint32_t)base, (uint8_t)len};
		return p;
	}
	p.v6.len = (uint8_t)len;
	number6_bytes(base, p.v6.addr);
	return p;
}

uint8_t ovnet_prefix_len(const struct ovnet_prefix *p)
{
	return p->family == AF_INET6 ? p->v6.len : p->v4.len;
}

struct ovnet_prefix ovnet_prefix_of_addr(const struct ovnet_addr *addr)
{
	return prefix_of(addr->family, number(addr), bits_of(addr->family));
}

bool ovnet_prefix_covers(const struct ovnet_prefix *p, const struct ovnet_prefix *inner)
{
	struct ovnet_addr base = inner->family == AF_INET ? ovnet_addr_v4(inner->v4.addr_host)
							  : ovnet_addr_v6(inner->v6.addr);

	return p->family == inner->family && ovnet_prefix_len(p) <= ovnet_prefix_len(inner) &&
	       ovnet_prefix_contains(p, &base);
}

int ovnet_prefix_list_add(struct ovnet_prefix_list *l, const struct ovnet_prefix *p)
{
	if (l->n == l->room) {
		unsigned room = l->room == 0 ? 64 : 2 * l->room;
		struct ovnet_prefix *items = realloc(l->items, room * sizeof(*items));
		if (items == NULL)
			return -ENOMEM;
		l->items = items;
		l->room = room;
	}
	l->items[l->n++] = *p;
	return 0;
}

int ovnet_prefix_list_range(
	struct ovnet_prefix_list *l, const struct ovnet_addr *first, const struct ovnet_addr *last)
{
	if (first->family != last->family ||
		(first->family != AF_INET && first->family != AF_INET6))
		return -EINVAL;
	unsigned bits = bits_of(first->family);
	u128 at = number(first), end = number(last);

	while (at <= end) {
		unsigned len = bits;
		u128 rest = 0; /* of the addresses behind `at` in its prefix */
		/* Twice as wide, as long as it begins there and ends in time. */
		for (u128 wider = 1; len > 0 && (at & wider) == 0 && wider <= end - at - rest;) {
			rest |= wider;
			wider <<= 1;
			len--;
		}
		struct ovnet_prefix p = prefix_of(first->family, at, len);
		int rc = ovnet_prefix_list_add(l, &p);
		if (rc < 0)
			return rc;
		if (at + rest == end) /* also the last address there is */
			break;
		at += rest + 1;
	}
	return 0;
}

/* The halves of `p` that `hole` is not in, down to `hole` itself, by address. */
static int split(
	struct ovnet_prefix_list *l, struct ovnet_prefix p, const struct ovnet_prefix *hole)
{
	unsigned bits = bits_of(p.family), from = ovnet_prefix_len(&p);
	unsigned to = ovnet_prefix_len(hole);
	u128 at = base_of(hole);
	int rc = 0;

	/* Those before the hole grow narrower towards it, those behind it wider. */
	for (unsigned len = from + 1; len <= to && rc == 0; len++) {
		u128 half = (u128)1 << (bits - len);
		struct ovnet_prefix low = prefix_of(p.family, (at & ~(half - 1)) - half, len);
		if ((at & half) != 0)
			rc = ovnet_prefix_list_add(l, &low);
	}
	for (unsigned len = to; len > from && rc == 0; len--) {
		u128 half = (u128)1 << (bits - len);
		struct ovnet_prefix high = prefix_of(p.family, (at & ~(half - 1)) + half, len);
		if ((at & half) == 0)
			rc = ovnet_prefix_list_add(l, &high);
	}
	return rc;
}

int ovnet_prefix_list_without(struct ovnet_prefix_list *l, const struct ovnet_prefix *hole)
{
	struct ovnet_prefix_list left = {0};
	int rc = 0;

	for (unsigned i = 0; i < l->n && rc == 0; i++) {
		if (ovnet_prefix_covers(hole, &l->items[i]))
			continue;
		if (ovnet_prefix_covers(&l->items[i], hole))
			rc = split(&left, l->items[i], hole);
		else
			rc = ovnet_prefix_list_add(&left, &l->items[i]);
	}
	if (rc < 0) {
		ovnet_prefix_list_free(&left);
		return rc;
	}
	ovnet_prefix_list_free(l);
	*l = left;
	return 0;
}

const struct ovnet_prefix *ovnet_prefix_list_find(
	const struct ovnet_prefix_list *l, const struct ovnet_addr *addr)
{
	for (unsigned i = 0; i < l->n; i++)
		if (ovnet_prefix_contains(&l->items[i], addr))
			return &l->items[i];
	return NULL;
}

bool ovnet_prefix_list_has(const struct ovnet_prefix_list *l, const struct ovnet_prefix *p)
{
	for (unsigned i = 0; i < l->n; i++)
		if (ovnet_prefix_equal(&l->items[i], p))
			return true;
	return false;
}

bool ovnet_prefix_list_equal(const struct ovnet_prefix_list *a, const struct ovnet_prefix_list *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (!ovnet_prefix_equal(&a->items[i], &b->items[i]))
			return false;
	return true;
}

void ovnet_prefix_list_free(struct ovnet_prefix_list *l)
{
	free(l->items);
	*l = (struct ovnet_prefix_list){0};
}
