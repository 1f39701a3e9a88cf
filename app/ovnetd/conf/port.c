/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/items.h"
#include "conf/port_unique.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define IP4_MIN_MTU 68   /* RFC 791 */
#define IP6_MIN_MTU 1280 /* RFC 8200 */

static const struct origin flag_origin = {FROM_FLAG, 0};

static void forbid(struct loader *l, struct origin at, const char *name, const char *member,
	const char *value, const char *driver)
{
	if (value[0] != '\0')
		complain(l, at, name, "%s does not go with driver %s; remove it", member, driver);
}

/* What only one that makes its socket has. */
static void forbid_socket(struct loader *l, struct origin at, const char *name,
	const struct conf_port *p, const char *driver)
{
	forbid(l, at, name, "path", p->path, driver);
	forbid(l, at, name, "server", p->server ? "true" : "", driver);
	forbid(l, at, name, "socket-mode", p->socket_mode, driver);
	forbid(l, at, name, "socket-owner", p->socket_owner, driver);
}

static void check_vhost(
	struct loader *l, struct origin at, const char *name, const struct conf_port *p)
{
	forbid(l, at, name, "iface", p->iface, "vhost");
	forbid(l, at, name, "devargs", p->devargs, "vhost");
	if (p->path[0] == '\0')
		complain(l, at, name,
			"driver vhost without path; give the socket, as in path = "
			"\"/run/ovnet/vm/web.sock\"");
	if (!p->server && (p->socket_mode[0] != '\0' || p->socket_owner[0] != '\0'))
		complain(l, at, name,
			"socket-mode and socket-owner without server: the socket is made by QEMU; "
			"set server = true, or remove them");
}

static void check_driver(
	struct loader *l, struct origin at, const char *name, const struct conf_port *p)
{
	static const char *const names[] = {"dpdk", "tap", "af_xdp"};

	if (p->driver == CONF_PORT_VHOST) {
		check_vhost(l, at, name, p);
		return;
	}
	forbid_socket(l, at, name, p, names[p->driver]);
	if (p->driver == CONF_PORT_DPDK) {
		forbid(l, at, name, "iface", p->iface, "dpdk");
		if (p->devargs[0] == '\0')
			complain(l, at, name,
				"driver dpdk without devargs; give the device, as in devargs = "
				"\"net_memif0,role=server,socket=/run/g\", or driver = \"tap\", "
				"\"af_xdp\" or \"vhost\"");
		return;
	}
	bool tap = p->driver == CONF_PORT_TAP;
	forbid(l, at, name, "devargs", p->devargs, tap ? "tap" : "af_xdp");
	if (!tap && p->iface[0] == '\0')
		complain(l, at, name,
			"driver af_xdp without iface; give our end of a veth, as in iface = "
			"\"veth0\"");
}

static bool has_ipv6(const struct conf_port *p)
{
	for (unsigned i = 0; i < p->n_addresses; i++)
		if (p->addresses[i].family == AF_INET6)
			return true;
	return false;
}

/* From its first prefix, which no other port has: the same at every start, and one of its own. */
static void make_mac(struct conf_port *p)
{
	const struct ovnet_prefix *first = &p->addresses[0];
	bool v4 = first->family == AF_INET;
	uint32_t v4_be = htonl(first->v4.addr_host);

	p->mac = (struct ovnet_mac){{0x02, v4 ? first->v4.len : 0x80 | (first->v6.len & 0x7f)}};
	memcpy(p->mac.b + 2, v4 ? (const void *)&v4_be : first->v6.addr + 12, sizeof(v4_be));
	p->has_mac = true;
}

/* Of each family one host at most, known by its MAC: it is told which address is its own. */
static void check_dhcp(
	struct loader *l, struct origin at, const char *name, const struct conf_port *p)
{
	unsigned n4 = 0, n6 = 0, ranges = 0;

	for (unsigned i = 0; i < p->n_addresses; i++) {
		bool v4 = p->addresses[i].family == AF_INET;
		ranges += v4 ? p->addresses[i].v4.len != 32 : p->addresses[i].v6.len != 128;
		*(v4 ? &n4 : &n6) += 1;
	}
	if (n4 > 1 || n6 > 1 || ranges > 0)
		complain(l, at, name,
			"dhcp with more than one address of an IP version; give one of each at "
			"most, as in addresses = \"10.5.1.7,fd00:5:1::7\", or dhcp = false");
	if (!p->has_mac)
		complain(l, at, name,
			"dhcp without mac; give the MAC address of what lives behind it, as in mac "
			"= "
			"\"02:00:00:00:00:02\"");
}

static void check_port(struct loader *l, struct origin at, const char *name, void *item)
{
	struct conf_port *p = item;
	unsigned least = has_ipv6(p) ? IP6_MIN_MTU : IP4_MIN_MTU;
	char why[256];

	if (p->name[0] == '\0')
		complain(l, at, name, "without a name; give one, as in name = \"gen0\"");
	if (p->n_addresses == 0)
		complain(l, at, name,
			"without addresses; give what lives behind it, as in addresses = "
			"\"10.5.1.7\"");
	if (p->mtu != 0 && p->mtu < least)
		complain(l, at, name, "mtu %u; give %u at least, or 0 for the overlay's", p->mtu,
			least);
	check_driver(l, at, name, p);
	/* Its far end is ours to make. */
	if (p->driver == CONF_PORT_TAP && !p->has_mac && p->n_addresses > 0)
		make_mac(p);
	if (p->dhcp)
		check_dhcp(l, at, name, p);
	if (p->driver == CONF_PORT_TAP && p->iface[0] == '\0' &&
		option_set_text(option_find(port_options, "iface"), p, p->name, why, sizeof(why)) <
			0)
		complain(l, at, name, "iface: %s", why);
}

/* The next entry, counted in, with its presets. NULL: complained. */
static void *add_port(struct loader *l, struct origin at, const char *name)
{
	struct conf *c = l->conf;

	if (c->n_ports == CONF_MAX_PORTS) {
		complain(l, at, name, "more than %d ports; remove some", CONF_MAX_PORTS);
		return NULL;
	}
	struct conf_port *ports = realloc(c->ports, (c->n_ports + 1) * sizeof(*ports));
	if (ports == NULL) {
		complain(l, at, name, "out of memory");
		return NULL;
	}
	c->ports = ports;
	struct conf_port *p = &ports[c->n_ports];
	*p = (struct conf_port){0};
	if (option_set_presets(port_options, p) < 0) {
		complain(l, at, name, "out of memory");
		option_free_all(port_options, p);
		return NULL;
	}
	l->port_at[c->n_ports++] = at;
	return p;
}

static void flag_member(struct loader *l, struct conf_port *p, char *part)
{
	char why[768], name[OPTION_NAME_MAX];
	char *eq = strchr(part, '=');

	if (eq != NULL)
		*eq = '\0';
	const struct option_def *o = option_find(port_options, part);
	if (eq == NULL || o == NULL) {
		complain(l, flag_origin, "--port",
			"\"%.100s\" does not belong there; give name=NAME,addresses=A[,A...] and "
			"what else ovnet.conf(5) lists, as KEY=VALUE",
			part);
		return;
	}
	if (option_set_text(o, p, eq + 1, why, sizeof(why)) < 0) {
		snprintf(name, sizeof(name), "--port %s", part);
		complain(l, flag_origin, name, "%s", why);
	}
}

/* Where a member ends: devargs have commas of their own, and so have addresses. */
static char *member_end(char *part)
{
	char *end = part + strcspn(part, ",");

	if (strncmp(part, "devargs=", strlen("devargs=")) == 0)
		return part + strlen(part);
	if (strncmp(part, "addresses=", strlen("addresses=")) != 0 &&
		strncmp(part, "workers=", strlen("workers=")) != 0)
		return end;
	while (*end == ',' && end[1 + strcspn(end + 1, ",=")] != '=')
		end += 1 + strcspn(end + 1, ",");
	return end;
}

static void port_from_flag(struct loader *l, const char *text)
{
	unsigned errors = l->errors;
	char *copy = strdup(text);
	struct conf_port *p = add_port(l, flag_origin, "--port");

	if (copy == NULL)
		complain(l, flag_origin, "--port", "out of memory");
	for (char *part = p != NULL ? copy : NULL; part != NULL;) {
		char *end = member_end(part), *next = *end == ',' ? end + 1 : NULL;
		*end = '\0';
		flag_member(l, p, part);
		part = next;
	}
	if (p != NULL && errors == l->errors)
		check_port(l, flag_origin, "--port", p);
	free(copy);
}

/* Complains as the file or the flag that gave the port. */
static void tell_port(void *arg, unsigned port, const char *line)
{
	struct loader *l = arg;
	char name[32] = "--port";

	if (l->port_at[port].kind != FROM_FLAG)
		snprintf(name, sizeof(name), "ports[%u]", port);
	complain(l, l->port_at[port], name, "%s", line);
}

void ports_check(struct loader *l)
{
	unsigned n = l->conf->n_ports;
	const struct conf_port **ports = calloc(n + 1, sizeof(*ports));
	const struct port_set set = {
		.conf = l->conf, .ports = ports, .n = n, .tell = tell_port, .arg = l};

	for (unsigned i = 0; i < n && ports != NULL; i++)
		ports[i] = &l->conf->ports[i];
	if (ports == NULL || !port_set_check(&set))
		complain(l, (struct origin){FROM_FILE, 0}, "ports", "out of memory");
	free(ports);
}

static void clear_ports(struct conf *conf)
{
	for (unsigned i = 0; i < conf->n_ports; i++)
		option_free_all(port_options, &conf->ports[i]);
	free(conf->ports);
	conf->ports = NULL;
	conf->n_ports = 0;
}

const struct item_kind port_items = {
	.key = "ports",
	.form = "{ name = \"gen0\"; driver = \"tap\"; addresses = \"10.5.1.7\"; }",
	.table = port_options,
	.add = add_port,
	.check = check_port,
	.from_flag = port_from_flag,
	.clear = clear_ports,
};
