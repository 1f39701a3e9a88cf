/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/path_guest.h"

const struct ovnet_addr guest_link = {
	.family = AF_INET6, .v6 = {0xfe, 0x80, [8] = 0, 0, 0, 0xff, 0xfe, 0, 1, 9}};
const struct ovnet_addr port_link = {
	.family = AF_INET6, .v6 = {0xfe, 0x80, [8] = 0, 0, 0, 0xff, 0xfe, 0, 0, 9}};

struct ovnet_addr group6(uint32_t number)
{
	struct ovnet_addr a = {.family = AF_INET6, .v6 = {0xff, 2}};

	be_put32(a.v6 + 12, number);
	return a;
}

struct ovnet_guest *guest_record_new(void)
{
	const struct ovnet_addr pod6 = addr_of_who(POD, true), dns6 = addr_of_who(HOST_POD, true);
	struct ovnet_guest *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	*g = (struct ovnet_guest){.mac = pod_mac,
		.has4 = true,
		.has6 = true,
		.addr4 = RTE_BE32(ATTACH_POD),
		.mask4 = RTE_BE32(0xffffff00),
		.router4 = RTE_BE32(GUEST_ROUTER),
		.server4 = RTE_BE32(GUEST_ROUTER),
		.net6 = net6(OWN_NET6, 64),
		.lease_s = GUEST_LEASE,
		.mtu = 1450,
		.n_dns4 = 1,
		.dns4 = {RTE_BE32(GUEST_DNS)},
		.n_dns6 = 1,
		.n_routes4 = 2,
		.routes4 = {{{0xc0a80000, 16}, RTE_BE32(OTHER_POD)},
			{{0, 0}, RTE_BE32(GUEST_ROUTER)}},
		.hostname = "web",
		.domain = "vm.example"};
	memcpy(g->addr6, pod6.v6, 16);
	memcpy(g->dns6[0], dns6.v6, 16);
	return g;
}

struct bed *open_guest(bool host)
{
	struct bed *b = open_attached(host);

	b->shared.pool = bed_pool;
	ovnet_guest_publish(&b->shared, ATTACH, guest_record_new());
	return b;
}

void bed_close_guest(struct bed *b)
{
	ovnet_guests_fini(&b->shared);
	bed_close(b);
}

void dhcp4_start(struct client_msg *c, uint8_t type)
{
	memset(c, 0, sizeof(*c));
	memcpy(c->bytes, (uint8_t[]){1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef}, 8);
	memcpy(c->bytes + 28, pod_mac.b, 6);
	memcpy(c->bytes + 236, (uint8_t[]){0x63, 0x82, 0x53, 0x63, 53, 1, type}, 7);
	c->len = 243;
}

void dhcp4_add(struct client_msg *c, uint8_t code, const void *value, uint8_t len)
{
	assert_in_range(c->len + 2 + len, 0, sizeof(c->bytes));
	c->bytes[c->len] = code;
	c->bytes[c->len + 1] = len;
	memcpy(c->bytes + c->len + 2, value, len);
	c->len = (uint16_t)(c->len + 2 + len);
}

void dhcp4_add32(struct client_msg *c, uint8_t code, uint32_t value)
{
	uint8_t be[4];

	be_put32(be, value);
	dhcp4_add(c, code, be, 4);
}

void dhcp4_end(struct client_msg *c)
{
	c->bytes[c->len++] = 255;
}

const uint8_t *dhcp4_find(const uint8_t *msg, unsigned len, uint8_t code, uint8_t *n)
{
	for (unsigned at = 240; at + 1 < len && msg[at] != 255; at += 2u + msg[at + 1])
		if (msg[at] == code) {
			*n = msg[at + 1];
			return msg + at + 2;
		}
	return NULL;
}

void dhcp6_start(struct client_msg *c, uint8_t type)
{
	uint8_t duid[10] = {0, 3, 0, 1};

	memset(c, 0, sizeof(*c));
	memcpy(c->bytes, (uint8_t[]){type, 0xab, 0xcd, 0xef}, 4);
	c->len = 4;
	memcpy(duid + 4, pod_mac.b, 6);
	dhcp6_add(c, 1, duid, sizeof(duid));
}

void dhcp6_add(struct client_msg *c, uint16_t code, const void *value, uint16_t len)
{
	assert_in_range(c->len + 4 + len, 0, sizeof(c->bytes));
	be_put16(c->bytes + c->len, code);
	be_put16(c->bytes + c->len + 2, len);
	if (len > 0)
		memcpy(c->bytes + c->len + 4, value, len);
	c->len = (uint16_t)(c->len + 4 + len);
}

void dhcp6_add_ia(struct client_msg *c, uint32_t id, const struct ovnet_addr *addrs, unsigned n)
{
	uint8_t ia[12 + 10 * 28] = {0};

	assert_in_range(n, 0, 10);
	be_put32(ia, id);
	for (unsigned i = 0; i < n; i++) {
		memcpy(ia + 12 + 28 * i, (uint8_t[]){0, 5, 0, 24}, 4);
		memcpy(ia + 16 + 28 * i, addrs[i].v6, 16);
	}
	dhcp6_add(c, 3, ia, (uint16_t)(12 + 28 * n));
}

const uint8_t *dhcp6_find(const uint8_t *from, unsigned len, uint16_t code, uint16_t *n)
{
	unsigned at = 0;

	while (at + 4 <= len) {
		*n = (uint16_t)(from[at + 2] << 8 | from[at + 3]);
		if ((from[at] << 8 | from[at + 1]) == code)
			return from + at + 4;
		at += 4u + *n;
	}
	assert_int_equal(at, len);
	return NULL;
}

static uint16_t put_frame4(uint8_t *b, uint32_t src, uint32_t dst, uint16_t from, uint16_t to,
	const void *payload, uint16_t len)
{
	static const struct ovnet_mac all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	uint16_t n = (uint16_t)(28 + len);

	put_ether(b, dst == UINT32_MAX ? &all : &attach_mac, &pod_mac);
	put_inner(b + 14, src, dst, from, n);
	be_put16(b + 36, to);
	memcpy(b + 42, payload, len);
	be_put16(b + 40, 0);
	be_put16(b + 40, ~be_sum(b + 34, 8u + len, be_sum(b + 26, 8, 17 + 8u + len)));
	return (uint16_t)(14 + n);
}

static uint16_t put_frame6(uint8_t *b, const struct ovnet_addr *src, const struct ovnet_addr *dst,
	uint8_t proto, const void *payload, uint16_t len)
{
	struct ovnet_mac to = attach_mac;

	if (dst->v6[0] == 0xff) {
		memcpy(to.b, (uint8_t[]){0x33, 0x33}, 2);
		memcpy(to.b + 2, dst->v6 + 12, 4);
	}
	put_ether(b, &to, &pod_mac);
	be_put16(b + 12, 0x86dd);
	memset(b + 14, 0, 8);
	b[14] = 0x60;
	be_put16(b + 18, len);
	b[20] = proto;
	b[21] = 255;
	memcpy(b + 22, src->v6, 16);
	memcpy(b + 38, dst->v6, 16);
	memcpy(b + 54, payload, len);
	return (uint16_t)(54 + len);
}

static void put_sum6(uint8_t *b, unsigned at, uint8_t proto, uint16_t len)
{
	be_put16(b + at, 0);
	be_put16(b + at, ~be_sum(b + 54, len, be_sum(b + 22, 32, (uint32_t)proto + len)));
}

uint16_t put_udp(uint8_t *b, const struct ovnet_addr *src, const struct ovnet_addr *dst,
	uint16_t from, uint16_t to, const void *payload, uint16_t len)
{
	uint8_t udp[1600];

	if (src->family == AF_INET)
		return put_frame4(b, ntohl(src->v4_be), ntohl(dst->v4_be), from, to, payload, len);
	be_put16(udp, from);
	be_put16(udp + 2, to);
	be_put16(udp + 4, 8u + len);
	be_put16(udp + 6, 0);
	memcpy(udp + 8, payload, len);
	uint16_t n = put_frame6(b, src, dst, 17, udp, (uint16_t)(8 + len));
	put_sum6(b, 60, 17, (uint16_t)(8 + len));
	return n;
}

uint16_t put_dhcp4(uint8_t *b, uint32_t src, uint32_t dst, const struct client_msg *c)
{
	return put_frame4(b, src, dst, 68, 67, c->bytes, c->len);
}

uint16_t put_dhcp6(uint8_t *b, const struct ovnet_addr *src, const struct client_msg *c)
{
	const struct ovnet_addr servers = group6(0x10002);

	return put_udp(b, src, &servers, 546, 547, c->bytes, c->len);
}

uint16_t put_icmp6(uint8_t *b, const struct ovnet_addr *src, const struct ovnet_addr *dst,
	const uint8_t *icmp, uint16_t len)
{
	uint16_t n = put_frame6(b, src, dst, 58, icmp, len);

	put_sum6(b, 56, 58, len);
	return n;
}
