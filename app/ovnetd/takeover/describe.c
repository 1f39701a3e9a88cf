/* SPDX-License-Identifier: BSD-3-Clause */
/* What was found, in words. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/firewall.h"
#include "takeover/takeover.h"

__attribute__((format(printf, 3, 4))) static void add(char *buf, size_t size, const char *fmt, ...)
{
	size_t len = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + len, size - len, fmt, ap);
	va_end(ap);
}

static void add_device(char *buf, size_t size, const struct ovnet_flannel_device *d)
{
	char addr[OVNET_PREFIX_STRLEN], mac[18];

	if (d->ifindex == 0)
		return;
	add(buf, size, "%sdevice %s", buf[0] != '\0' ? ", " : "", d->name);
	if (d->addr.family != 0)
		add(buf, size, " with %s", ovnet_prefix_text(&d->addr, addr, sizeof(addr)));
	if (d->port != 0)
		add(buf, size, " (MAC %s, VNI %u, UDP port %u)",
			ovnet_mac_text(&d->mac, mac, sizeof(mac)), d->vni, d->port);
}

static void add_count(char *buf, size_t size, unsigned n, const char *one, const char *many)
{
	if (n > 0)
		add(buf, size, "%s%u %s", buf[0] != '\0' ? ", " : "", n, n == 1 ? one : many);
}

char *takeover_describe(const struct ovnet_flannel_found *f, char *buf, size_t size)
{
	buf[0] = '\0';
	add_device(buf, size, &f->layout.device[0]);
	add_device(buf, size, &f->layout.device[1]);
	add_count(buf, size, f->layout.n_peers - f->n_direct, "route by it", "routes by it");
	add_count(buf, size, f->neighbours, "neighbour", "neighbours");
	add_count(buf, size, f->entries, "fdb entry", "fdb entries");
	add_count(buf, size, f->n_direct, "route by way of a peer", "routes by way of peers");
	return buf;
}

static void add_line(void *arg, const char *what)
{
	fprintf(arg, "%s\n", what);
}

char *takeover_list_rules(const struct takeover *t, const struct ovnet_netconf *c)
{
	const struct ovnet_firewall_rules rules = {.masquerade = t->node->conf->host.ip_masq,
		.forward = t->node->conf->host.forward_rules,
		.has_v4 = true,
		.has_v6 = c->enable_ipv6,
		.network = c->network,
		.network6 = c->network6};
	struct ovnet_firewall *f = ovnet_firewall_new(-1);
	char *text = NULL, err[256];
	size_t size;
	FILE *out = f != NULL ? open_memstream(&text, &size) : NULL;
	int n = -1;

	if (out != NULL) {
		n = ovnet_firewall_flannels(f, &rules, false, add_line, out, err, sizeof(err));
		if (fclose(out) != 0)
			n = -1;
	}
	ovnet_firewall_free(f);
	if (n > 0)
		return text;
	free(text);
	return NULL;
}
