/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's end of an uplink that is ours alone: a TAP with the NIC's MAC address and MTU. What
 * is not the overlay's passes by it, both ways; addresses, routes, ARP and neighbours are its, so
 * that the kernel is asked as about any other uplink. It stays when the daemon ends, without
 * carrier, because the host's addresses and routes are on it and nobody else would bring them
 * back.
 */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "underlay/uplinks.h"

OVNET_LOG_TYPE(uplinks)

/* What it was set to, with a former daemon. 0: there is none, or nothing is to be kept. */
static uint16_t former_mtu(const struct underlay *under, const struct conf_uplink *c)
{
	struct ovnet_link link;
	char name[sizeof(link.name)];

	if (!conf_twin(under->conf, c, name) ||
		ovnet_kernel_link_by_name(under->kernel, name, &link) < 0)
		return 0;
	return link.mtu;
}

uint16_t twin_mtu(const struct underlay *under, const struct conf_uplink *c)
{
	return c->mtu != 0 ? c->mtu : former_mtu(under, c);
}

static struct ovnet_port_conf port_conf(
	const struct underlay *under, const struct uplink *u, const struct ovnet_mac *mac)
{
	struct ovnet_port_conf conf = {
		.role = OVNET_PORT_TWIN,
		.queues = u->conf->queues != 0 ? u->conf->queues : under->conf->dpdk.workers,
		.mtu = u->mtu,
		.mac = mac,
		.stays = true,
		.offloads = true, /* cut, and finished, in front of the NIC */
	};

	conf.n_workers = (uint16_t)conf_cpu_list(u->conf->workers, conf.workers, OVNET_MAX_QUEUES);
	return conf;
}

/* Under the id of the one that is lost, or a new one. */
static int open_port(struct underlay *under, struct uplink *u, struct ovnet_port_conf *conf,
	const struct port_owner *owner)
{
	char name[32], device[sizeof(u->link.name)];
	int err = -EINVAL;

	if (!conf_twin(under->conf, u->conf, device))
		return err;
	snprintf(name, sizeof(name), "twin:%.20s", u->port->name);
	conf->name = name;
	conf->iface = device;
	struct ovnet_port *port =
		u->twin != NULL
			? ports_replace(under->ports, u->twin, &ovnet_driver_tap, conf, &err)
			: ports_open(under->ports, &ovnet_driver_tap, conf, owner, &err);
	if (port == NULL)
		return err;
	u->twin = port;
	u->carrier = true; /* as the kernel makes it */
	atomic_store_explicit(&port->twin, u->port->id, memory_order_relaxed);
	atomic_store_explicit(&u->port->twin, port->id, memory_order_relaxed);
	int rc = ovnet_kernel_link_by_index(under->kernel, port->ifindex, &u->link);
	return rc < 0 ? rc : ovnet_kernel_link_mark_twin(under->kernel, port->ifindex);
}

int twin_open(struct underlay *under, struct uplink *u, struct ovnet_patience *patience,
	const struct port_owner *owner)
{
	const struct ovnet_mac mac = ovnet_port_mac(u->port);

	u->mtu = u->port->mtu;
	struct ovnet_port_conf conf = port_conf(under, u, &mac);
	conf.patience = patience;
	int rc = open_port(under, u, &conf, owner);
	if (rc < 0)
		return rc;
	twin_look(under, u);
	rc = uplink_learn(under, u);
	twin_warn_address(under, u, rc == -EADDRNOTAVAIL);
	return rc == -EADDRNOTAVAIL ? 0 : rc; /* it gets one: underlay_await_address() */
}

int twin_reopen(struct underlay *under, struct uplink *u)
{
	const struct ovnet_mac mac = ovnet_port_mac(u->port);
	struct ovnet_port_conf conf = port_conf(under, u, &mac);
	int rc = open_port(under, u, &conf, NULL);

	if (rc < 0)
		return rc;
	LOG(NOTICE, "twin %s of %s is there again: its addresses and routes are for you to restore",
		u->link.name, u->port->name);
	return 0;
}

void twin_look(struct underlay *under, struct uplink *u)
{
	if (u->twin == NULL || ports_is_lost(under->ports, u->twin))
		return;
	bool up = u->port->driver->link_up(u->port);
	if (up == u->carrier)
		return;
	u->carrier = up;
	LOG(NOTICE, "uplink %s has %s link: so has its twin %s", u->port->name, up ? "a" : "no",
		u->link.name);
	u->twin->driver->set_carrier(u->twin, up);
}

/* As somebody set it in the kernel. A NIC that does not take it keeps what it has. */
static void pass_mtu(struct underlay *under, struct uplink *u)
{
	char key[48];

	snprintf(key, sizeof(key), "twin-mtu %s", u->port->name);
	if (u->link.mtu != u->mtu && u->port->driver->set_mtu(u->port, u->link.mtu) == 0) {
		LOG(NOTICE, "uplink %s has MTU %u now, as its twin %s", u->port->name, u->link.mtu,
			u->link.name);
		u->mtu = u->link.mtu;
	}
	if (u->link.mtu == u->mtu)
		warn_clear(under->warnings, key);
	else
		warn_set(under->warnings, key,
			"uplink %s does not take the MTU %u of its twin while it runs (reason in "
			"the log): restart ovnetd, or `ip link set %s mtu %u`",
			u->port->name, u->link.mtu, u->link.name, u->mtu);
}

static void pass_mac(struct underlay *under, struct uplink *u)
{
	const struct ovnet_mac ours = ovnet_port_mac(u->port);
	bool other = !ovnet_mac_equal(&ours, &u->link.mac);
	char key[48], m[OVNET_MAC_STRLEN];

	snprintf(key, sizeof(key), "twin-mac %s", u->port->name);
	if (other && u->port->driver->set_mac(u->port, &u->link.mac) < 0) {
		warn_set(under->warnings, key,
			"uplink %s does not take the MAC address of its twin (reason in the log), "
			"so that what is for it does not arrive: `ip link set %s address %s`",
			u->port->name, u->link.name, ovnet_mac_text(&ours, m, sizeof(m)));
		return;
	}
	warn_clear(under->warnings, key);
	if (other)
		uplink_take_mac(u);
}

void twin_pass_on(struct underlay *under, struct uplink *u)
{
	pass_mtu(under, u);
	pass_mac(under, u);
}

void twin_warn_address(struct underlay *under, const struct uplink *u, bool none)
{
	char key[48];

	snprintf(key, sizeof(key), "twin-address %s", u->port->name);
	if (none)
		warn_set(under->warnings, key,
			"twin %s of uplink %s has no IPv4 address, and no overlay traffic without "
			"one: give it what the NIC had (`ip addr add ADDRESS/LENGTH dev %s`, then "
			"the routes), or run a DHCP client on it",
			u->link.name, u->port->name, u->link.name);
	else
		warn_clear(under->warnings, key);
}

int underlay_await_address(struct underlay *under)
{
	struct uplink *u = &under->uplinks[0]; /* the node's address is the first one's */

	if (u->twin == NULL)
		return 0;
	if (ports_is_lost(under->ports, u->twin))
		return -EAGAIN;
	twin_look(under, u);
	int rc = uplink_learn(under, u);
	twin_warn_address(under, u, rc == -EADDRNOTAVAIL);
	return rc == -EADDRNOTAVAIL ? -EAGAIN : rc;
}

void underlay_look(struct underlay *under)
{
	for (unsigned i = 0; i < under->n; i++)
		twin_look(under, &under->uplinks[i]);
}
