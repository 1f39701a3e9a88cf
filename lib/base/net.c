/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Splits "addr/len" at the slash; the length has to be plain digits up to `max`. */
static int split_cidr(const char *text, char *addr, size_t size, unsigned max, uint8_t *len)
{
	const char *slash = strchr(text, '/');

	if (slash == NULL || slash == text || (size_t)(slash - text) >= size)
		return -EINVAL;
	memcpy(addr, text, slash - text);
	addr[slash - text] = '\0';

	const char *digits = slash + 1;
	size_t n = strspn(digits, "0123456789");
	if (n == 0 || n > 3 || digits[n] != '\0')
		return -EINVAL;
	unsigned long value = strtoul(digits, NULL, 10);
	if (value > max)
		return -EINVAL;
	*len = (uint8_t)value;
	return 0;
}

uint32_t ovnet_mask4(uint8_t len)
{
	return len == 0 ? 0 : UINT32_MAX << (32 - len);
}

void ovnet_prefix6_mask(struct ovnet_prefix6 *p)
{
	for (unsigned bit = p->len; bit < 128; bit++)
		p->addr[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
}

int ovnet_prefix4_parse(const char *text, struct ovnet_prefix4 *out)
{
	char addr[INET_ADDRSTRLEN];
	struct in_addr in;
	uint8_t len;

	if (split_cidr(text, addr, sizeof(addr), 32, &len) < 0 ||
		inet_pton(AF_INET, addr, &in) != 1)
		return -EINVAL;
	out->addr_host = ntohl(in.s_addr) & ovnet_mask4(len);
	out->len = len;
	return 0;
}

int ovnet_prefix6_parse(const char *text, struct ovnet_prefix6 *out)
{
	char addr[INET6_ADDRSTRLEN];
	uint8_t len;

	if (split_cidr(text, addr, sizeof(addr), 128, &len) < 0 ||
		inet_pton(AF_INET6, addr, out->addr) != 1)
		return -EINVAL;
	out->len = len;
	ovnet_prefix6_mask(out);
	return 0;
}

int ovnet_addr_parse(const char *text, struct ovnet_addr *out)
{
	struct ovnet_addr a = {0};

	if (inet_pton(AF_INET, text, &a.v4_be) == 1)
		a.family = AF_INET;
	else if (inet_pton(AF_INET6, text, a.v6) == 1)
		a.family = AF_INET6;
	else
		return -EINVAL;
	*out = a;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int ovnet_mac_parse(const char *text, struct ovnet_mac *out)
{
	size_t len = strlen(text);
	char sep;
	unsigned group; /* hex digits between separators */

	if (len == 17 && (text[2] == ':' || text[2] == '-'))
		sep = text[2], group = 2;
	else if (len == 14 && text[4] == '.')
		sep = '.', group = 4;
	else
		return -EINVAL;

	unsigned nibble = 0;
	for (size_t i = 0; i < len; i++) {
		if (i % (group + 1) == group) {
			if (text[i] != sep)
				return -EINVAL;
			continue;
		}
		int d = hex_digit(text[i]);
		if (d < 0)
			return -EINVAL;
		uint8_t *byte = &out->b[nibble / 2];
		*byte = nibble % 2 ? (uint8_t)(*byte | d) : (uint8_t)(d << 4);
		nibble++;
	}
	return 0;
}

char *ovnet_prefix4_text(const struct ovnet_prefix4 *p, char *buf, size_t size)
{
	uint32_t a = p->addr_host;

	snprintf(
		buf, size, "%u.%u.%u.%u/%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255, p->len);
	return buf;
}

char *ovnet_prefix6_text(const struct ovnet_prefix6 *p, char *buf, size_t size)
{
	char addr[INET6_ADDRSTRLEN];

	if (inet_ntop(AF_INET6, p->addr, addr, sizeof(addr)) == NULL)
		addr[0] = '\0';
	snprintf(buf, size, "%s/%u", addr, p->len);
	return buf;
}

char *ovnet_addr_text(const struct ovnet_addr *a, char *buf, size_t size)
{
	const void *src = a->family == AF_INET ? (const void *)&a->v4_be : a->v6;

	if (a->family == 0 || inet_ntop(a->family, src, buf, (socklen_t)size) == NULL)
		snprintf(buf, size, "none");
	return buf;
}

char *ovnet_mac_text(const struct ovnet_mac *m, char *buf, size_t size)
{
	snprintf(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x", m->b[0], m->b[1], m->b[2], m->b[3],
		m->b[4], m->b[5]);
	return buf;
}

bool ovnet_prefix4_equal(const struct ovnet_prefix4 *a, const struct ovnet_prefix4 *b)
{
	return a->addr_host == b->addr_host && a->len == b->len;
}

bool ovnet_prefix4_contains(const struct ovnet_prefix4 *p, uint32_t addr_host)
{
	return (addr_host & ovnet_mask4(p->len)) == p->addr_host;
}

bool ovnet_prefix4_overlap(const struct ovnet_prefix4 *a, const struct ovnet_prefix4 *b)
{
	uint32_t mask = ovnet_mask4(a->len < b->len ? a->len : b->len);

	return (a->addr_host & mask) == (b->addr_host & mask);
}

int ovnet_addr_compare(const void *a, const void *b)
{
	const struct ovnet_addr *l = a, *r = b;

	if (l->family != r->family)
		return l->family < r->family ? -1 : 1;
	return l->family == AF_INET6 ? memcmp(l->v6, r->v6, sizeof(l->v6))
				     : memcmp(&l->v4_be, &r->v4_be, sizeof(l->v4_be));
}

bool ovnet_addr_equal(const struct ovnet_addr *a, const struct ovnet_addr *b)
{
	if (a->family != b->family)
		return false;
	if (a->family == AF_INET)
		return a->v4_be == b->v4_be;
	return a->family == 0 || memcmp(a->v6, b->v6, sizeof(a->v6)) == 0;
}

bool ovnet_mac_equal(const struct ovnet_mac *a, const struct ovnet_mac *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool ovnet_mac_is_unicast(const struct ovnet_mac *m)
{
	static const uint8_t zero[6];

	return (m->b[0] & 1) == 0 && memcmp(m->b, zero, sizeof(zero)) != 0;
}

bool ovnet_addr_is_unicast(const struct ovnet_addr *a)
{
	if (a->family == AF_INET) {
		uint8_t first = (uint8_t)(ntohl(a->v4_be) >> 24);
		return first != 0 && first != 127 && first < 224;
	}
	if (a->family == AF_INET6) {
		struct in6_addr in;
		memcpy(&in, a->v6, sizeof(in));
		return !IN6_IS_ADDR_UNSPECIFIED(&in) && !IN6_IS_ADDR_LOOPBACK(&in) &&
		       !IN6_IS_ADDR_MULTICAST(&in);
	}
	return false;
}

struct ovnet_addr ovnet_addr_v4(uint32_t addr_host)
{
	return (struct ovnet_addr){.family = AF_INET, .v4_be = htonl(addr_host)};
}

struct ovnet_addr ovnet_addr_v6(const uint8_t addr[16])
{
	struct ovnet_addr a = {.family = AF_INET6};

	memcpy(a.v6, addr, sizeof(a.v6));
	return a;
}
