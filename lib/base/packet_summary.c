/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/packet_summary.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define VXLAN_PORT_LINUX  8472
#define VXLAN_PORT_IANA   4789
#define VXLAN_HEADERS     (8 + 8)
#define ETHERNET_LEN      14
#define NESTED            2 /* packets in packets that are looked into */
#define EXTENSION_HEADERS 4 /* looked behind */

struct text {
	char *at;
	size_t left;
};

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(t->at, t->left, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= t->left)
		n = t->left > 0 ? (int)t->left - 1 : 0;
	t->at += n;
	t->left -= (size_t)n;
}

static unsigned get16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

static void ethernet(struct text *t, const uint8_t *b, size_t n, unsigned depth);

static void tcp_flags(struct text *t, unsigned flags)
{
	static const char letters[] = "FSRP.UEW";
	char said[sizeof(letters)];
	unsigned n = 0;

	for (unsigned i = 0; i < 8; i++)
		if ((flags & 1u << i) != 0)
			said[n++] = letters[i];
	said[n] = '\0';
	add(t, " [%s]", said);
}

static void udp(struct text *t, const uint8_t *b, size_t n, unsigned depth)
{
	const unsigned to = get16(b + 2);

	if ((to != VXLAN_PORT_LINUX && to != VXLAN_PORT_IANA) || n < VXLAN_HEADERS || depth == 0 ||
		(b[8] & 8) == 0)
		return;
	add(t, " vxlan %u: ", get16(b + 12) << 8 | b[14]);
	ethernet(t, b + VXLAN_HEADERS, n - VXLAN_HEADERS, depth - 1);
}

static void icmp(struct text *t, const uint8_t *b, bool v6)
{
	static const struct {
		uint8_t v4, v6;
		const char *name;
	} types[] = {{8, 128, "echo request"}, {0, 129, "echo reply"}, {3, 1, "unreachable"},
		{11, 3, "time exceeded"}, {5, 137, "redirect"}, {255, 2, "packet too big"},
		{255, 135, "neighbour solicitation"}, {255, 136, "neighbour advertisement"},
		{255, 133, "router solicitation"}, {255, 134, "router advertisement"}};

	if (!v6 && b[0] == 3 && b[1] == 4) {
		add(t, " fragmentation needed");
		return;
	}
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((v6 ? types[i].v6 : types[i].v4) == b[0]) {
			add(t, " %s", types[i].name);
			return;
		}
	add(t, " type %u code %u", b[0], b[1]);
}

/* Addresses, protocol, ports. */
static void upper(struct text *t, int family, const uint8_t *addrs, unsigned proto,
	const uint8_t *b, size_t n, unsigned depth)
{
	const size_t size = family == AF_INET ? 4 : 16;
	const bool has_ports =
		(proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP) && n >= 8;
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];

	if (inet_ntop(family, addrs, from, sizeof(from)) == NULL ||
		inet_ntop(family, addrs + size, to, sizeof(to)) == NULL)
		return;
	if (has_ports)
		add(t, "%s.%u > %s.%u ", from, get16(b), to, get16(b + 2));
	else
		add(t, "%s > %s ", from, to);
	if (proto == IPPROTO_TCP) {
		add(t, "tcp");
		if (n >= 14)
			tcp_flags(t, b[13]);
	} else if (proto == IPPROTO_UDP) {
		add(t, "udp");
		if (has_ports)
			udp(t, b, n, depth);
	} else if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) {
		add(t, "%s", proto == IPPROTO_ICMP ? "icmp" : "icmp6");
		if (n >= 2)
			icmp(t, b, proto == IPPROTO_ICMPV6);
	} else {
		add(t, "protocol %u", proto);
	}
}

static void ip4(struct text *t, const uint8_t *b, size_t n, unsigned depth)
{
	size_t header = n >= 20 ? 4u * (b[0] & 15) : 0;

	if (header < 20) {
		add(t, "malformed IPv4");
		return;
	}
	const unsigned fragment = get16(b + 6) & 0x3fff;
	if ((fragment & 0x1fff) != 0 || header > n)
		n = header = 0;
	upper(t, AF_INET, b + 12, b[9], b + header, n - header, fragment != 0 ? 0 : depth);
	if (fragment != 0)
		add(t, " fragment at %u", 8 * (fragment & 0x1fff));
}

static void ip6(struct text *t, const uint8_t *b, size_t n, unsigned depth)
{
	size_t at = 40;

	if (n < at) {
		add(t, "malformed IPv6");
		return;
	}
	unsigned proto = b[6];
	for (unsigned i = 0; i < EXTENSION_HEADERS && n - at >= 8; i++) {
		if (proto != IPPROTO_HOPOPTS && proto != IPPROTO_DSTOPTS &&
			proto != IPPROTO_ROUTING)
			break;
		const size_t len = 8u * (b[at + 1] + 1u);
		if (len > n - at)
			break;
		proto = b[at];
		at += len;
	}
	upper(t, AF_INET6, b + 8, proto, b + at, n - at, depth);
}

static void ip(struct text *t, const uint8_t *b, size_t n, unsigned depth)
{
	if (n > 0 && b[0] >> 4 == 4)
		ip4(t, b, n, depth);
	else if (n > 0 && b[0] >> 4 == 6)
		ip6(t, b, n, depth);
	else
		add(t, "no IP");
}

static void arp(struct text *t, const uint8_t *b, size_t n)
{
	char from[INET_ADDRSTRLEN], to[INET_ADDRSTRLEN];

	if (n >= 28 && inet_ntop(AF_INET, b + 14, from, sizeof(from)) != NULL &&
		inet_ntop(AF_INET, b + 24, to, sizeof(to)) != NULL)
		add(t, "arp %s %s > %s", get16(b + 6) == 1 ? "request" : "reply", from, to);
	else
		add(t, "malformed arp");
}

static void ethernet(struct text *t, const uint8_t *b, size_t n, unsigned depth)
{
	size_t at = ETHERNET_LEN;

	if (n < at) {
		add(t, "malformed Ethernet");
		return;
	}
	unsigned type = get16(b + 12);
	if ((type == 0x8100 || type == 0x88a8) && n >= at + 4) {
		add(t, "vlan %u ", get16(b + at) & 0xfff);
		type = get16(b + at + 2);
		at += 4;
	}
	if (type == 0x0800 || type == 0x86dd)
		ip(t, b + at, n - at, depth);
	else if (type == 0x0806)
		arp(t, b + at, n - at);
	else
		add(t, "%02x:%02x:%02x:%02x:%02x:%02x > %02x:%02x:%02x:%02x:%02x:%02x type 0x%04x",
			b[6], b[7], b[8], b[9], b[10], b[11], b[0], b[1], b[2], b[3], b[4], b[5],
			type);
}

const char *packet_summary(const uint8_t *bytes, size_t n, bool raw, char *text)
{
	struct text t = {text, PACKET_SUMMARY_SIZE};

	text[0] = '\0';
	if (raw)
		ip(&t, bytes, n, NESTED);
	else
		ethernet(&t, bytes, n, NESTED);
	return text;
}
