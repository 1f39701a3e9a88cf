/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Are the first `bits` bits alike? */
static bool same_bits(const uint8_t *a, const uint8_t *b, uint8_t bits)
{
	uint8_t last = (uint8_t)(0xff00u >> (bits % 8));

	if (memcmp(a, b, bits / 8u) != 0)
		return false;
	return bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & last) == 0;
}

bool ovnet_prefix6_equal(const struct ovnet_prefix6 *a, const struct ovnet_prefix6 *b)
{
	return a->len == b->len && memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

bool ovnet_prefix6_contains(const struct ovnet_prefix6 *p, const uint8_t addr[16])
{
	return same_bits(p->addr, addr, p->len);
}

bool ovnet_prefix6_overlap(const struct ovnet_prefix6 *a, const struct ovnet_prefix6 *b)
{
	return same_bits(a->addr, b->addr, a->len < b->len ? a->len : b->len);
}

struct ovnet_prefix ovnet_prefix_from4(const struct ovnet_prefix4 *p)
{
	return (struct ovnet_prefix){.family = AF_INET, .v4 = *p};
}

struct ovnet_prefix ovnet_prefix_from6(const struct ovnet_prefix6 *p)
{
	return (struct ovnet_prefix){.family = AF_INET6, .v6 = *p};
}

int ovnet_prefix_parse(const char *text, struct ovnet_prefix *out)
{
	struct ovnet_prefix p = {.family = AF_INET};

	if (ovnet_prefix4_parse(text, &p.v4) < 0) {
		p.family = AF_INET6;
		if (ovnet_prefix6_parse(text, &p.v6) < 0)
			return -EINVAL;
	}
	*out = p;
	return 0;
}

char *ovnet_prefix_text(const struct ovnet_prefix *p, char *buf, size_t size)
{
	if (p->family == AF_INET)
		return ovnet_prefix4_text(&p->v4, buf, size);
	if (p->family == AF_INET6)
		return ovnet_prefix6_text(&p->v6, buf, size);
	snprintf(buf, size, "none");
	return buf;
}

bool ovnet_prefix_equal(const struct ovnet_prefix *a, const struct ovnet_prefix *b)
{
	if (a->family != b->family)
		return false;
	if (a->family == AF_INET)
		return ovnet_prefix4_equal(&a->v4, &b->v4);
	return a->family != AF_INET6 || ovnet_prefix6_equal(&a->v6, &b->v6);
}

struct ovnet_addr ovnet_prefix_first(const struct ovnet_prefix *p)
{
	return p->family == AF_INET6 ? ovnet_addr_v6(p->v6.addr) : ovnet_addr_v4(p->v4.addr_host);
}

bool ovnet_prefix_contains(const struct ovnet_prefix *p, const struct ovnet_addr *addr)
{
	if (p->family == 0 || p->family != addr->family)
		return false;
	return p->family == AF_INET ? ovnet_prefix4_contains(&p->v4, ntohl(addr->v4_be))
				    : ovnet_prefix6_contains(&p->v6, addr->v6);
}
