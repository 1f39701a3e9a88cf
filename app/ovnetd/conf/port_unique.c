/* SPDX-License-Identifier: BSD-3-Clause */
/* What may be there once: names, addresses, MACs and devices of all ports. */
#include "conf/reader.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* One thing of one port. Equal keys stand side by side once sorted, in the ports' order. */
struct claim {
	unsigned char key[24];
	unsigned port;
};

struct claims {
	struct claim *items;
	unsigned n;
};

static int compare(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int rc = memcmp(x->key, y->key, sizeof(x->key));

	return rc != 0 ? rc : (x->port > y->port) - (x->port < y->port);
}

static void add(struct claims *c, unsigned port, const void *key, size_t size)
{
	struct claim *item = &c->items[c->n++];

	*item = (struct claim){.port = port};
	memcpy(item->key, key, size < sizeof(item->key) ? size : sizeof(item->key));
}

/* Complains as the file or the flag that gave the port. */
static void complain_port(struct loader *l, unsigned port, const char *text)
{
	char name[32] = "--port";

	if (l->port_at[port].kind != FROM_FLAG)
		snprintf(name, sizeof(name), "ports[%u]", port);
	complain(l, l->port_at[port], name, "%s", text);
}

/* `what`: says what a claim is ("the address 10.5.1.7/32"), for people. */
static void check_twice(struct loader *l, struct claims *c,
	void (*what)(const struct claim *claim, char *buf, size_t size))
{
	char text[128], line[320];

	qsort(c->items, c->n, sizeof(*c->items), compare);
	for (unsigned i = 1; i < c->n; i++) {
		const struct claim *a = &c->items[i - 1], *b = &c->items[i];
		if (memcmp(a->key, b->key, sizeof(a->key)) != 0)
			continue;
		what(b, text, sizeof(text));
		if (a->port == b->port)
			snprintf(line, sizeof(line), "%s is there twice; remove one", text);
		else
			snprintf(line, sizeof(line),
				"%s is port %s's already; give this one another", text,
				l->conf->ports[a->port].name);
		complain_port(l, b->port, line);
	}
	c->n = 0;
}

static void name_text(const struct claim *c, char *buf, size_t size)
{
	snprintf(buf, size, "the name %s", (const char *)c->key);
}

static void iface_text(const struct claim *c, char *buf, size_t size)
{
	snprintf(buf, size, "interface %s", (const char *)c->key);
}

static void mac_text(const struct claim *c, char *buf, size_t size)
{
	struct ovnet_mac mac;
	char text[OVNET_MAC_STRLEN];

	memcpy(mac.b, c->key, sizeof(mac.b));
	snprintf(buf, size, "MAC %s", ovnet_mac_text(&mac, text, sizeof(text)));
}

/* A prefix as bytes: family, length, address. */
static void put_prefix(unsigned char key[18], const struct ovnet_prefix *p)
{
	memset(key, 0, 18);
	key[0] = p->family;
	key[1] = p->family == AF_INET ? p->v4.len : p->v6.len;
	if (p->family == AF_INET)
		memcpy(key + 2, &p->v4.addr_host, sizeof(p->v4.addr_host));
	else
		memcpy(key + 2, p->v6.addr, sizeof(p->v6.addr));
}

static void address_text(const struct claim *c, char *buf, size_t size)
{
	struct ovnet_prefix p = {.family = c->key[0]};
	char text[OVNET_PREFIX_STRLEN];

	if (p.family == AF_INET) {
		p.v4.len = c->key[1];
		memcpy(&p.v4.addr_host, c->key + 2, sizeof(p.v4.addr_host));
	} else {
		p.v6.len = c->key[1];
		memcpy(p.v6.addr, c->key + 2, sizeof(p.v6.addr));
	}
	snprintf(buf, size, "address %s", ovnet_prefix_text(&p, text, sizeof(text)));
}

static void check_addresses(struct loader *l, struct claims *c)
{
	unsigned char key[18];

	for (unsigned i = 0; i < l->conf->n_ports; i++) {
		const struct conf_port *p = &l->conf->ports[i];
		for (unsigned j = 0; j < p->n_addresses; j++) {
			put_prefix(key, &p->addresses[j]);
			add(c, i, key, sizeof(key));
		}
	}
	check_twice(l, c, address_text);
}

static void check_names(struct loader *l, struct claims *c)
{
	const struct conf *conf = l->conf;

	for (unsigned i = 0; i < conf->n_ports; i++)
		if (conf->ports[i].name[0] != '\0')
			add(c, i, conf->ports[i].name, strlen(conf->ports[i].name));
	check_twice(l, c, name_text);
	for (unsigned i = 0; i < conf->n_ports; i++)
		if (conf->ports[i].iface[0] != '\0')
			add(c, i, conf->ports[i].iface, strlen(conf->ports[i].iface));
	check_twice(l, c, iface_text);
	for (unsigned i = 0; i < conf->n_ports; i++)
		if (conf->ports[i].has_mac)
			add(c, i, conf->ports[i].mac.b, sizeof(conf->ports[i].mac.b));
	check_twice(l, c, mac_text);
}

/* `other`: a name that is taken, by `whose`. */
static void check_taken(struct loader *l, unsigned port, const char *other, const char *whose)
{
	const struct conf_port *p = &l->conf->ports[port];
	char line[160];

	if (other[0] == '\0' || (strcmp(p->name, other) != 0 && strcmp(p->iface, other) != 0))
		return;
	snprintf(line, sizeof(line), "%s is %s; give this port another %s", other, whose,
		strcmp(p->name, other) == 0 ? "name" : "iface");
	complain_port(l, port, line);
}

static void check_others(struct loader *l, unsigned port)
{
	const struct conf *c = l->conf;
	char name[32];

	check_taken(l, port, c->host.device, "the host device");
	for (unsigned i = 0; i < c->n_uplinks; i++) {
		snprintf(name, sizeof(name), "uplink%u", i);
		check_taken(l, port, c->uplinks[i].iface[0] != '\0' ? c->uplinks[i].iface : name,
			"an uplink");
	}
	if (c->n_uplinks == 0)
		check_taken(l, port, c->node.iface, "the uplink");
}

void ports_check(struct loader *l)
{
	struct claims c = {0};
	unsigned room = l->conf->n_ports;

	if (room == 0)
		return;
	for (unsigned i = 0; i < l->conf->n_ports; i++)
		room += l->conf->ports[i].n_addresses;
	c.items = calloc(room, sizeof(*c.items));
	if (c.items == NULL) {
		complain(l, l->port_at[0], "ports", "out of memory");
		return;
	}
	check_names(l, &c);
	check_addresses(l, &c);
	free(c.items);
	for (unsigned i = 0; i < l->conf->n_ports; i++)
		check_others(l, i);
}
