/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_ether.h>

#include "base/log.h"
#include "underlay/uplinks.h"

OVNET_LOG_TYPE(uplinks)

static int find_link(struct underlay *under, const char *text, struct ovnet_link *link)
{
	int rc = uplinks_look_up(under, text, link);

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

static int reopen(void *arg, struct ovnet_port *lost);

/* Under the id of `old`, or a new one. */
static struct ovnet_port *open_port(struct underlay *under, struct ovnet_port *old,
	const struct ovnet_driver *driver, const struct ovnet_port_conf *conf, int *err)
{
	const struct port_owner owner = {reopen, under};

	return old != NULL ? ports_replace(under->ports, old, driver, conf, err)
			   : ports_open(under->ports, driver, conf, &owner, err);
}

/* Kinds of a shared uplink, the best first where the configuration leaves it open. */
static const struct {
	enum conf_driver named;
	const struct ovnet_driver *driver;
} shared[] = {
	{CONF_DRIVER_AF_XDP, &ovnet_driver_af_xdp},
	{CONF_DRIVER_SOCKET, &ovnet_driver_socket},
	{CONF_DRIVER_AF_PACKET, &ovnet_driver_af_packet},
};

static bool may_be(const struct uplink *u, enum conf_driver kind)
{
	if (kind == CONF_DRIVER_AF_XDP)
		return uplink_may_be_af_xdp(u);
	return uplink_driver(u) == CONF_DRIVER_AUTO || uplink_driver(u) == kind;
}

static void warn_slow(struct underlay *under, const struct uplink *u)
{
	char key[48];

	snprintf(key, sizeof(key), "af-packet %s", u->port->name);
	if (u->port->driver != &ovnet_driver_af_packet || uplink_driver(u) != CONF_DRIVER_AUTO)
		warn_clear(under->warnings, key);
	else
		warn_set(under->warnings, key,
			"uplink %s runs on AF_PACKET because driver socket did not open (reason in "
			"the log): several times slower; set driver = \"af_packet\" if that is "
			"meant",
			u->link.name);
}

static int open_shared(struct underlay *under, struct uplink *u, struct ovnet_port *old,
	struct ovnet_port_conf *conf)
{
	int err = 0;

	u->port = NULL;
	conf->name = conf->iface = u->link.name;
	conf->zero_copy_only = uplink_driver(u) == CONF_DRIVER_AUTO;
	for (unsigned i = 0; u->port == NULL && i < RTE_DIM(shared); i++)
		if (may_be(u, shared[i].named))
			u->port = open_port(under, old, shared[i].driver, conf, &err);
	if (u->port == NULL)
		return err;
	warn_slow(under, u);
	return 0;
}

static int open_kernel_uplink(
	struct underlay *under, struct uplink *u, const char *iface, struct ovnet_port_conf *conf)
{
	int rc = find_link(under, iface, &u->link);

	if (rc < 0)
		return rc;
	uplink_warn(under, u, u->link.up ? UPLINK_UP : UPLINK_DOWN);
	if (!u->link.up)
		return -EAGAIN; /* somebody may set it up: sockets cannot be bound before that */
	rc = uplink_learn(under, u);
	if (rc < 0) {
		LOG(ERR,
			"interface %s has no IPv4 address for the underlay: give it one, or name "
			"another interface (--iface)",
			u->link.name);
		return rc;
	}
	return open_shared(under, u, NULL, conf);
}

static int open_vdev_uplink(struct underlay *under, struct uplink *u, struct ovnet_port_conf *conf)
{
	char name[32], twin[sizeof(u->link.name)];
	bool has_twin = conf_twin(under->conf, u->conf, twin);
	int err;

	snprintf(name, sizeof(name), "uplink%u", under->n);
	conf->name = name;
	conf->devargs = u->conf->devargs;
	conf->mtu = twin_mtu(under, u->conf);
	conf->mtu_near = u->conf->mtu == 0; /* a former twin's may have been another NIC's */
	conf->vlan = u->conf->vlan;
	conf->multicast = has_twin;
	if (!has_twin) {
		u->addr = u->addrs[0] = u->conf->address;
		u->n_addrs = 1;
		conf->local = u->addr;
	}
	u->port = open_port(under, NULL, &ovnet_driver_dpdk, conf, &err);
	if (u->port == NULL || !has_twin)
		return u->port != NULL ? 0 : err;
	return twin_open(under, u, conf->patience, &(struct port_owner){reopen, under});
}

static struct ovnet_port_conf port_conf(const struct underlay *under, const struct conf_uplink *c)
{
	struct ovnet_port_conf conf = {
		.role = OVNET_PORT_UPLINK,
		.queues = c != NULL && c->queues != 0 ? c->queues : under->conf->dpdk.workers,
		.zero_copy = c != NULL && c->zero_copy,
		.send_udp = c != NULL && c->send_udp,
	};
	if (c != NULL)
		conf.n_workers =
			(uint16_t)conf_cpu_list(c->workers, conf.workers, OVNET_MAX_QUEUES);
	return conf;
}

static int open_one(
	struct underlay *under, const struct conf_uplink *c, struct ovnet_patience *patience)
{
	struct uplink *u = &under->uplinks[under->n];
	struct ovnet_port_conf conf = port_conf(under, c);
	char a[OVNET_ADDR_STRLEN];

	conf.patience = patience;
	*u = (struct uplink){.conf = c};
	int rc = uplink_is_vdev(c) ? open_vdev_uplink(under, u, &conf)
				   : open_kernel_uplink(under, u, uplink_iface(under, c), &conf);
	if (rc < 0)
		return rc;
	under->n++;
	LOG(INFO, "using interface with name %s and address %s (%s, MTU %u)", u->port->name,
		u->addr.family != 0 ? ovnet_addr_text(&u->addr, a, sizeof(a)) : "to come",
		u->port->driver->name, u->port->mtu);
	return 0;
}

int underlay_open(struct underlay *under, struct ovnet_patience *patience)
{
	const struct conf *conf = under->conf;
	int rc = 0;

	if (conf->n_uplinks == 0)
		rc = open_one(under, NULL, patience);
	for (unsigned i = 0; i < conf->n_uplinks && rc == 0; i++)
		rc = open_one(under, &conf->uplinks[i], patience);
	return rc;
}

static struct uplink *uplink_of(struct underlay *under, const struct ovnet_port *port)
{
	for (unsigned i = 0; i < under->n; i++)
		if (under->uplinks[i].port == port || under->uplinks[i].twin == port)
			return &under->uplinks[i];
	return NULL;
}

static int reopen(void *arg, struct ovnet_port *lost)
{
	struct underlay *under = arg;
	struct uplink *u = uplink_of(under, lost), fresh;

	if (u == NULL)
		return -ENODEV;
	if (u->twin == lost) {
		int err = twin_reopen(under, u);
		if (err == 0)
			underlay_link_changed(under, &u->link);
		return err;
	}
	struct ovnet_port_conf conf = port_conf(under, u->conf);
	fresh = *u;
	if (ovnet_kernel_link_by_name(under->kernel, u->link.name, &fresh.link) < 0 ||
		!fresh.link.up)
		return -EAGAIN;
	int rc = open_shared(under, &fresh, lost, &conf);
	if (rc < 0)
		return rc;
	*u = fresh;
	LOG(NOTICE, "uplink %s is back", u->port->name);
	underlay_link_changed(under, &fresh.link);
	return 0;
}
