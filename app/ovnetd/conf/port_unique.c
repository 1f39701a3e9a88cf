/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What may be there once: names, addresses, MACs, devices and sockets of all ports. And whether
 * there are the workers they name.
 */
#include "conf/port_unique.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* One thing of one port; `key` is a member of it. */
struct claim {
	const void *key;
	unsigned port;
};

/* A kind of thing: when two are the same, and what it is called. */
struct kind {
	int (*compare)(const void *a, const void *b);
	void (*what)(const void *key, char *buf, size_t size); /* "the name gen0" */
};

struct claims {
	struct claim *items;
	unsigned n;
};

/* Equal keys stand side by side once sorted, in the ports' order. */
static int in_order(const void *a, const void *b, void *kind)
{
	const struct claim *x = a, *y = b;
	int rc = ((const struct kind *)kind)->compare(x->key, y->key);

	return rc != 0 ? rc : (x->port > y->port) - (x->port < y->port);
}

static void add(struct claims *c, unsigned port, const void *key)
{
	c->items[c->n++] = (struct claim){key, port};
}

static void tell(const struct port_set *s, unsigned port, const char *line)
{
	if (port >= s->known)
		s->tell(s->arg, port, line);
}

static void check_twice(const struct port_set *s, struct claims *c, struct kind kind)
{
	char text[320], line[640];

	qsort_r(c->items, c->n, sizeof(*c->items), in_order, &kind);
	for (unsigned i = 1; i < c->n; i++) {
		const struct claim *a = &c->items[i - 1], *b = &c->items[i];
		if (kind.compare(a->key, b->key) != 0)
			continue;
		kind.what(b->key, text, sizeof(text));
		if (a->port == b->port)
			snprintf(line, sizeof(line), "%s is there twice; remove one", text);
		else
			snprintf(line, sizeof(line),
				"%s is port %s's already; give this one another", text,
				s->ports[a->port]->name);
		tell(s, b->port, line);
	}
	c->n = 0;
}

static int same_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int same_mac(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ovnet_mac));
}

/* Of devargs: what stands before the first comma. */
static int same_device(const void *a, const void *b)
{
	size_t x = strcspn(a, ","), y = strcspn(b, ",");
	int rc = memcmp(a, b, x < y ? x : y);

	return rc != 0 ? rc : (x > y) - (x < y);
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

static int same_prefix(const void *a, const void *b)
{
	unsigned char x[18], y[18];

	put_prefix(x, a);
	put_prefix(y, b);
	return memcmp(x, y, sizeof(x));
}

static void name_text(const void *key, char *buf, size_t size)
{
	snprintf(buf, size, "the name %s", (const char *)key);
}

static void iface_text(const void *key, char *buf, size_t size)
{
	snprintf(buf, size, "interface %s", (const char *)key);
}

static void device_text(const void *key, char *buf, size_t size)
{
	snprintf(buf, size, "device %.*s", (int)strcspn(key, ","), (const char *)key);
}

static void path_text(const void *key, char *buf, size_t size)
{
	snprintf(buf, size, "socket %s", (const char *)key);
}

static void mac_text(const void *key, char *buf, size_t size)
{
	char text[OVNET_MAC_STRLEN];

	snprintf(buf, size, "MAC %s", ovnet_mac_text(key, text, sizeof(text)));
}

static void address_text(const void *key, char *buf, size_t size)
{
	char text[OVNET_PREFIX_STRLEN];

	snprintf(buf, size, "address %s", ovnet_prefix_text(key, text, sizeof(text)));
}

static void check_texts(const struct port_set *s, struct claims *c, size_t member, struct kind kind)
{
	for (unsigned i = 0; i < s->n; i++) {
		char *const *text = (char *const *)((const char *)s->ports[i] + member);
		if ((*text)[0] != '\0')
			add(c, i, *text);
	}
	check_twice(s, c, kind);
}

static void check_macs(const struct port_set *s, struct claims *c)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->ports[i]->has_mac)
			add(c, i, &s->ports[i]->mac);
	check_twice(s, c, (struct kind){same_mac, mac_text});
}

static void check_addresses(const struct port_set *s, struct claims *c)
{
	for (unsigned i = 0; i < s->n; i++)
		for (unsigned j = 0; j < s->ports[i]->n_addresses; j++)
			add(c, i, &s->ports[i]->addresses[j]);
	check_twice(s, c, (struct kind){same_prefix, address_text});
}

/* `other`: a name that is taken, by `whose`. */
static void check_taken(
	const struct port_set *s, unsigned port, const char *other, const char *whose)
{
	const struct conf_port *p = s->ports[port];
	char line[160];

	if (other[0] == '\0' || (strcmp(p->name, other) != 0 && strcmp(p->iface, other) != 0))
		return;
	snprintf(line, sizeof(line), "%s is %s; give this port another %s", other, whose,
		strcmp(p->name, other) == 0 ? "name" : "iface");
	tell(s, port, line);
}

static void check_others(const struct port_set *s, unsigned port)
{
	const struct conf *c = s->conf;
	char name[32], twin[IFNAMSIZ];

	check_taken(s, port, c->host.device, "the host device");
	for (unsigned i = 0; i < c->n_uplinks; i++) {
		snprintf(name, sizeof(name), "uplink%u", i);
		check_taken(s, port, c->uplinks[i].iface[0] != '\0' ? c->uplinks[i].iface : name,
			"an uplink");
		if (conf_twin(c, &c->uplinks[i], twin))
			check_taken(s, port, twin, "an uplink's twin");
	}
	if (c->n_uplinks == 0)
		check_taken(s, port, c->node.iface, "the uplink");
}

static void check_workers(const struct port_set *s, unsigned port)
{
	char line[160];

	if (conf_workers_there(s->conf, s->ports[port]->workers, line, sizeof(line)) < 0)
		tell(s, port, line);
}

bool port_set_check(const struct port_set *s)
{
	struct claims c = {0};
	unsigned room = s->n;

	for (unsigned i = 0; i < s->n; i++)
		room += s->ports[i]->n_addresses;
	c.items = calloc(room + 1, sizeof(*c.items));
	if (c.items == NULL)
		return false;
	check_texts(s, &c, offsetof(struct conf_port, name), (struct kind){same_text, name_text});
	check_texts(s, &c, offsetof(struct conf_port, iface), (struct kind){same_text, iface_text});
	check_texts(s, &c, offsetof(struct conf_port, devargs),
		(struct kind){same_device, device_text});
	check_texts(s, &c, offsetof(struct conf_port, path), (struct kind){same_text, path_text});
	check_addresses(s, &c);
	check_macs(s, &c);
	free(c.items);
	for (unsigned i = s->known; i < s->n; i++) {
		check_others(s, i);
		check_workers(s, i);
	}
	return true;
}
