/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lease/flannel/netconf.h"

struct list {
	char *buf;
	size_t size, len;
};

static void add(struct list *l, const char *name, const char *was, const char *is)
{
	if (strcmp(was, is) == 0 || l->len >= l->size)
		return;
	l->len += (size_t)snprintf(l->buf + l->len, l->size - l->len, "%s%s %s -> %s",
		l->len > 0 ? ", " : "", name, was, is);
}

static void add_number(struct list *l, const char *name, uint32_t was, uint32_t is)
{
	char a[16], b[16];

	snprintf(a, sizeof(a), "%u", was);
	snprintf(b, sizeof(b), "%u", is);
	add(l, name, a, b);
}

static void add_bool(struct list *l, const char *name, bool was, bool is)
{
	add(l, name, was ? "true" : "false", is ? "true" : "false");
}

static void add_addr(struct list *l, const char *name, uint32_t was, uint32_t is)
{
	struct ovnet_addr x = ovnet_addr_v4(was), y = ovnet_addr_v4(is);
	char a[OVNET_ADDR_STRLEN], b[OVNET_ADDR_STRLEN];

	add(l, name, ovnet_addr_text(&x, a, sizeof(a)), ovnet_addr_text(&y, b, sizeof(b)));
}

static void add_addr6(struct list *l, const char *name, const uint8_t was[16], const uint8_t is[16])
{
	char a[INET6_ADDRSTRLEN] = "", b[INET6_ADDRSTRLEN] = "";

	inet_ntop(AF_INET6, was, a, sizeof(a));
	inet_ntop(AF_INET6, is, b, sizeof(b));
	add(l, name, a, b);
}

static void add_ipv6(
	struct list *l, const struct ovnet_netconf *was, const struct ovnet_netconf *is)
{
	add_bool(l, "EnableIPv6", was->enable_ipv6, is->enable_ipv6);
	if (!was->enable_ipv6 || !is->enable_ipv6)
		return;
	add_addr6(l, "IPv6Network", was->network6.addr, is->network6.addr);
	add_number(l, "IPv6Network's length", was->network6.len, is->network6.len);
	add_number(l, "IPv6SubnetLen", was->subnet6_len, is->subnet6_len);
	add_addr6(l, "IPv6SubnetMin", was->subnet6_min, is->subnet6_min);
	add_addr6(l, "IPv6SubnetMax", was->subnet6_max, is->subnet6_max);
}

char *ovnet_netconf_differences(
	const struct ovnet_netconf *was, const struct ovnet_netconf *is, char *buf, size_t size)
{
	struct list l = {.buf = buf, .size = size};
	char a[OVNET_PREFIX_STRLEN], b[OVNET_PREFIX_STRLEN];

	buf[0] = '\0';
	add(&l, "Network", ovnet_prefix4_text(&was->network, a, sizeof(a)),
		ovnet_prefix4_text(&is->network, b, sizeof(b)));
	add(&l, "Backend.Type", was->type, is->type);
	add_number(&l, "Backend.VNI", was->vni, is->vni);
	add_number(&l, "Backend.Port", was->port, is->port);
	add_number(&l, "Backend.MTU", was->mtu, is->mtu);
	add_bool(&l, "Backend.DirectRouting", was->direct_routing, is->direct_routing);
	add_bool(&l, "Backend.GBP", was->gbp, is->gbp);
	add_bool(&l, "Backend.Learning", was->learning, is->learning);
	add_number(&l, "SubnetLen", was->subnet_len, is->subnet_len);
	add_addr(&l, "SubnetMin", was->subnet_min, is->subnet_min);
	add_addr(&l, "SubnetMax", was->subnet_max, is->subnet_max);
	add_bool(&l, "EnableIPv4", was->enable_ipv4, is->enable_ipv4);
	add_ipv6(&l, was, is);
	return buf;
}
