/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses as the control side keeps them: parse, print, compare, contain.
 *
 * Byte order: `struct ovnet_prefix4` holds HOST order (it is computed with),
 * `struct ovnet_addr` holds NETWORK order (it is copied to and from the wire);
 * the field names say so. All functions are pure; any thread may call them.
 */
#ifndef OVNET_BASE_NET_H
#define OVNET_BASE_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An IPv4 prefix. Bits beyond `len` are zero in every value these functions make. */
struct ovnet_prefix4 {
	uint32_t addr_host; /* host byte order */
	uint8_t len;        /* 0..32 */
};

/* An IPv6 prefix, bytes as on the wire. */
struct ovnet_prefix6 {
	uint8_t addr[16];
	uint8_t len; /* 0..128 */
};

/* A prefix of either family; family 0 means "none". */
struct ovnet_prefix {
	uint8_t family; /* AF_INET, AF_INET6, or 0 */
	union {
		struct ovnet_prefix4 v4;
		struct ovnet_prefix6 v6;
	};
};

/* One address of either family; family 0 means "none". */
struct ovnet_addr {
	uint8_t family; /* AF_INET, AF_INET6, or 0 */
	union {
		uint32_t v4_be; /* network byte order */
		uint8_t v6[16];
	};
};

struct ovnet_mac {
	uint8_t b[6];
};

/* Longest text each printer makes, NUL included. */
#define OVNET_ADDR_STRLEN   46
#define OVNET_PREFIX_STRLEN 50
#define OVNET_MAC_STRLEN    18

/* "a.b.c.d/len"; host bits are masked off as Go's net.ParseCIDR does. 0 or -EINVAL. */
int ovnet_prefix4_parse(const char *text, struct ovnet_prefix4 *out);
int ovnet_prefix6_parse(const char *text, struct ovnet_prefix6 *out);
/* Dotted quad or IPv6 text. 0 or -EINVAL. */
int ovnet_addr_parse(const char *text, struct ovnet_addr *out);
/* Six hex pairs by ':' or '-', or three groups of four by '.', as Go's net.ParseMAC takes them. */
int ovnet_mac_parse(const char *text, struct ovnet_mac *out);

/* Print into `buf`, which they return. `size` at least the STRLEN above. */
char *ovnet_prefix4_text(const struct ovnet_prefix4 *p, char *buf, size_t size);
char *ovnet_prefix6_text(const struct ovnet_prefix6 *p, char *buf, size_t size);
char *ovnet_addr_text(const struct ovnet_addr *a, char *buf, size_t size);
char *ovnet_mac_text(const struct ovnet_mac *m, char *buf, size_t size);

struct ovnet_prefix ovnet_prefix_from4(const struct ovnet_prefix4 *p);
struct ovnet_prefix ovnet_prefix_from6(const struct ovnet_prefix6 *p);
/* Either family by its own text. 0 or -EINVAL. */
int ovnet_prefix_parse(const char *text, struct ovnet_prefix *out);
/* "none" for family 0. */
char *ovnet_prefix_text(const struct ovnet_prefix *p, char *buf, size_t size);
bool ovnet_prefix_equal(const struct ovnet_prefix *a, const struct ovnet_prefix *b);
/* Its first address: of a lease's subnet the far VTEP's. */
struct ovnet_addr ovnet_prefix_first(const struct ovnet_prefix *p);
/* False for addresses of the other family. */
bool ovnet_prefix_contains(const struct ovnet_prefix *p, const struct ovnet_addr *addr);

/* Netmask of a length, host order. */
uint32_t ovnet_mask4(uint8_t len);

bool ovnet_prefix4_equal(const struct ovnet_prefix4 *a, const struct ovnet_prefix4 *b);
bool ovnet_prefix4_contains(const struct ovnet_prefix4 *p, uint32_t addr_host);
bool ovnet_prefix4_overlap(const struct ovnet_prefix4 *a, const struct ovnet_prefix4 *b);
/* Clears the bits beyond the length. */
void ovnet_prefix6_mask(struct ovnet_prefix6 *p);
bool ovnet_prefix6_equal(const struct ovnet_prefix6 *a, const struct ovnet_prefix6 *b);
bool ovnet_prefix6_contains(const struct ovnet_prefix6 *p, const uint8_t addr[16]);
bool ovnet_prefix6_overlap(const struct ovnet_prefix6 *a, const struct ovnet_prefix6 *b);
bool ovnet_addr_equal(const struct ovnet_addr *a, const struct ovnet_addr *b);
/* For qsort() and bsearch(): by family, then by the bytes on the wire. */
int ovnet_addr_compare(const void *a, const void *b);
bool ovnet_mac_equal(const struct ovnet_mac *a, const struct ovnet_mac *b);
/* Neither group nor zero: what a VTEP may be called (flannel-facts, hazard 9). */
bool ovnet_mac_is_unicast(const struct ovnet_mac *m);
/* v4 or v6 host address that one packet may be sent to: not any, loopback, multicast, broadcast. */
bool ovnet_addr_is_unicast(const struct ovnet_addr *a);

struct ovnet_addr ovnet_addr_v4(uint32_t addr_host);
struct ovnet_addr ovnet_addr_v6(const uint8_t addr[16]);

#endif
