/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_ether.h>

#include "base/log.h"
#include "daemon.h"
#include "node/backend.h"

OVNET_LOG_TYPE(uplinks)

/* The next entry of a comma list. */
static bool next_name(const char **list, char *name, size_t size)
{
	size_t len = strcspn(*list, ",");

	snprintf(name, size, "%.*s", (int)len, *list);
	*list += len + ((*list)[len] == ',');
	return len > 0;
}

int uplinks_look_up(struct daemon *d, const char *text, struct ovnet_link *link)
{
	int rc = text[0] == '\0' ? ovnet_kernel_default_link(d->kernel, link) : -ENODEV;
	char name[OVNET_ADDR_STRLEN];
	struct ovnet_addr addr;

	while (rc < 0 && next_name(&text, name, sizeof(name)))
		rc = ovnet_addr_parse(name, &addr) == 0
			     ? ovnet_kernel_link_by_addr(d->kernel, &addr, link)
			     : ovnet_kernel_link_by_name(d->kernel, name, link);
	return rc;
}

/* No kernel device behind it: address and neighbours come from the configuration. */
static bool is_vdev(const struct conf_uplink *c)
{
	return c != NULL && c->devargs[0] != '\0';
}

static const char *iface_of(const struct daemon *d, const struct conf_uplink *c)
{
	const char *named = c != NULL ? c->iface : d->conf.node.iface;

	return d->iface[0] != '\0' ? d->iface : named;
}

uint16_t uplinks_mtu(struct daemon *d)
{
	uint16_t mtu = RTE_ETHER_MTU;
	struct ovnet_link link;

	for (unsigned i = 0; i < d->conf.n_uplinks || i == 0; i++) {
		const struct conf_uplink *c = d->conf.n_uplinks > 0 ? &d->conf.uplinks[i] : NULL;
		if (is_vdev(c))
			continue;
		if (uplinks_look_up(d, iface_of(d, c), &link) == 0 && link.mtu > mtu)
			mtu = link.mtu;
	}
	return mtu;
}

static int find_link(struct daemon *d, const char *text, struct ovnet_link *link)
{
	int rc = uplinks_look_up(d, text, link);

	if (text[0] == '\0')
		LOG(INFO, "determining IP address of default interface");
	if (rc < 0 && text[0] == '\0')
		LOG(ERR, "no IPv4 default route to find the underlay interface by: "
			 "name it with --iface or node.iface");
	else if (rc < 0)
		LOG(ERR,
			"no interface \"%s\" here: `ip -br addr` lists what there is; "
			"set node.iface (--iface) or uplinks to one of them",
			text);
	return rc;
}

static int open_shared(
	struct daemon *d, struct uplink *u, uint16_t id, struct ovnet_port_conf *conf)
{
	enum conf_driver driver = u->conf != NULL ? u->conf->driver : CONF_DRIVER_AUTO;
	char key[48];
	int err = 0;

	u->port = NULL;

	conf->name = conf->iface = u->link.name;
	if (driver != CONF_DRIVER_AF_PACKET)
		u->port = ovnet_port_open(&ovnet_driver_af_xdp, id, conf, &err);
	if (u->port == NULL && driver != CONF_DRIVER_AF_XDP)
		u->port = ovnet_port_open(&ovnet_driver_af_packet, id, conf, &err);
	if (u->port == NULL)
		return err;
	snprintf(key, sizeof(key), "af-packet %s", u->port->name);
	if (u->port->driver != &ovnet_driver_af_packet || driver != CONF_DRIVER_AUTO)
		warn_clear(&d->warnings, key);
	else
		warn_set(&d->warnings, key,
			"uplink %s runs on AF_PACKET because AF_XDP did not open (reason in the "
			"log): several times slower; set driver = \"af_packet\" if that is meant",
			u->link.name);
	return 0;
}

/* The address packets leave with: what it was, what --iface names, or flannel's choice. */
static int choose_address(struct daemon *d, struct uplink *u)
{
	const char *list = iface_of(d, u->conf);
	char name[OVNET_ADDR_STRLEN];
	struct ovnet_addr named;

	if (uplink_has(u, &u->addr))
		return 0;
	while (next_name(&list, name, sizeof(name)))
		if (ovnet_addr_parse(name, &named) == 0 && uplink_has(u, &named)) {
			u->addr = named;
			return 0;
		}
	return ovnet_kernel_link_addr(d->kernel, u->link.ifindex, AF_INET, &u->addr);
}

/* Not every underlay has one. A link-local one reaches nobody behind a router. */
static void choose_address6(struct daemon *d, struct uplink *u)
{
	if (uplink_has(u, &u->addr6))
		return;
	if (ovnet_kernel_link_addr(d->kernel, u->link.ifindex, AF_INET6, &u->addr6) < 0 ||
		(u->addr6.v6[0] == 0xfe && (u->addr6.v6[1] & 0xc0) == 0x80))
		u->addr6 = (struct ovnet_addr){0};
}

int uplink_learn(struct daemon *d, struct uplink *u)
{
	struct ovnet_addr first;
	int rc = ovnet_kernel_link_addr(d->kernel, u->link.ifindex, AF_INET, &first);

	if (rc < 0)
		return rc;
	u->n_addrs = ovnet_kernel_link_addrs(
		d->kernel, u->link.ifindex, u->addrs, sizeof(u->addrs) / sizeof(u->addrs[0]));
	choose_address6(d, u);
	return choose_address(d, u);
}

static int open_kernel_uplink(
	struct daemon *d, struct uplink *u, const char *iface, struct ovnet_port_conf *conf)
{
	int rc = find_link(d, iface, &u->link);

	if (rc < 0)
		return rc;
	uplink_warn(d, u, u->link.up ? UPLINK_UP : UPLINK_DOWN);
	if (!u->link.up)
		return -EAGAIN; /* somebody may set it up: sockets cannot be bound before that */
	rc = uplink_learn(d, u);
	if (rc < 0) {
		LOG(ERR,
			"interface %s has no IPv4 address for the underlay: give it one, or name "
			"another interface (--iface)",
			u->link.name);
		return rc;
	}
	return open_shared(d, u, d->n_ports, conf);
}

static int open_vdev_uplink(struct daemon *d, struct uplink *u, struct ovnet_port_conf *conf)
{
	char name[32];
	int err;

	snprintf(name, sizeof(name), "uplink%u", d->n_uplinks);
	conf->name = name;
	conf->devargs = u->conf->devargs;
	u->addr = u->addrs[0] = u->conf->address;
	u->n_addrs = 1;
	conf->local = u->addr;
	u->port = ovnet_port_open(&ovnet_driver_dpdk, d->n_ports, conf, &err);
	return u->port != NULL ? 0 : err;
}

static struct ovnet_port_conf port_conf(const struct daemon *d, const struct conf_uplink *c)
{
	return (struct ovnet_port_conf){
		.role = OVNET_PORT_UPLINK,
		.queues = c != NULL && c->queues != 0 ? c->queues : d->conf.dpdk.workers,
		.pool = d->pool,
		.zero_copy = c != NULL && c->zero_copy,
	};
}

static int open_one(struct daemon *d, const struct conf_uplink *c)
{
	struct uplink *u = &d->uplinks[d->n_uplinks];
	struct ovnet_port_conf conf = port_conf(d, c);
	char a[OVNET_ADDR_STRLEN];

	conf.patience = &d->patience;
	*u = (struct uplink){.conf = c};
	int rc = is_vdev(c) ? open_vdev_uplink(d, u, &conf)
			    : open_kernel_uplink(d, u, iface_of(d, c), &conf);
	if (rc < 0)
		return rc;
	d->ports[d->n_ports++] = u->port;
	d->n_uplinks++;
	LOG(INFO, "using interface with name %s and address %s (%s, MTU %u)", u->port->name,
		ovnet_addr_text(&u->addr, a, sizeof(a)), u->port->driver->name, u->port->mtu);
	return 0;
}

static int choose_public_ip(struct daemon *d)
{
	char a[OVNET_ADDR_STRLEN];

	d->public_ip = d->uplinks[0].addr;
	d->public_ip6 = d->uplinks[0].addr6;
	if (d->conf.node.public_ip[0] != '\0' &&
		ovnet_addr_parse(d->conf.node.public_ip, &d->public_ip) < 0)
		return -EINVAL; /* the option table lets none through */
	if (d->conf.node.public_ipv6[0] != '\0' &&
		ovnet_addr_parse(d->conf.node.public_ipv6, &d->public_ip6) < 0)
		return -EINVAL;
	if (!ovnet_addr_is_unicast(&d->public_ip)) {
		LOG(ERR, "%s cannot be a node's address: set node.public-ip",
			ovnet_addr_text(&d->public_ip, a, sizeof(a)));
		return -EINVAL;
	}
	LOG(INFO, "external address of this node is %s",
		ovnet_addr_text(&d->public_ip, a, sizeof(a)));
	for (unsigned i = 0; i < d->n_uplinks; i++) {
		d->uplinks[i].has_public = uplink_has(&d->uplinks[i], &d->public_ip);
		d->uplinks[i].has_public6 = uplink_has(&d->uplinks[i], &d->public_ip6);
	}
	return 0;
}

int uplinks_open(struct daemon *d)
{
	int rc = 0;

	if (d->conf.n_uplinks == 0)
		rc = open_one(d, NULL);
	for (unsigned i = 0; i < d->conf.n_uplinks && rc == 0; i++)
		rc = open_one(d, &d->conf.uplinks[i]);
	return rc < 0 ? rc : choose_public_ip(d);
}

int uplinks_filter(struct daemon *d)
{
	const struct ovnet_prefix own[] = {
		ovnet_prefix_from4(&d->own.subnet), ovnet_prefix_from6(&d->own.subnet6)};
	unsigned n_own = d->own.has_v6 ? 2 : 1;
	struct ovnet_overlay o;
	int rc = 0;

	backend_overlay(d, &o);
	uplinks_check_copies(d);
	for (unsigned i = 0; i < d->n_uplinks; i++) {
		struct uplink *u = &d->uplinks[i];
		struct ovnet_port_filter f = {
			.udp_port = o.tunnel != OVNET_TUNNEL_NONE ? o.udp_port : 0,
			.vni = o.vni,
			.addrs = u->addrs,
			.n_addrs = u->n_addrs,
			.subnets = own,
			.n_subnets = o.direct && !uplink_is_copy(u) ? n_own : 0,
		};
		if (u->port->driver->filter == NULL)
			continue;
		int one = u->port->driver->filter(u->port, &f);
		rc = one < 0 ? one : rc;
		fragment_port_filter(d, u, &f);
	}
	return rc;
}

static int reopen_one(struct daemon *d, struct uplink *u)
{
	struct uplink fresh = *u;
	struct ovnet_port_conf conf = port_conf(d, u->conf);

	if (ovnet_kernel_link_by_name(d->kernel, u->link.name, &fresh.link) < 0 || !fresh.link.up)
		return -EAGAIN;
	int rc = open_shared(d, &fresh, u->port->id, &conf);
	if (rc == 0)
		rc = port_replace(d, fresh.port);
	if (rc < 0)
		return rc;
	*u = fresh;
	LOG(NOTICE, "uplink %s is back", u->port->name);
	uplinks_link_changed(d, &fresh.link);
	return 0;
}

int uplinks_reopen(struct daemon *d)
{
	int rc = 0;

	for (unsigned i = 0; i < d->n_uplinks; i++) {
		int one = d->lost[d->uplinks[i].port->id] ? reopen_one(d, &d->uplinks[i]) : 0;
		/* A failure outweighs what is not there yet. */
		if (one < 0 && (rc == 0 || rc == -EAGAIN))
			rc = one;
	}
	return rc;
}
