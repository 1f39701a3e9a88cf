/* SPDX-License-Identifier: BSD-3-Clause */
/* Uplinks in the hands of an operator: up and down, addresses, MAC, MTU, gone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "node/backend.h"
#include "underlay/uplinks.h"

OVNET_LOG_TYPE(uplinks)

void uplink_warn(struct underlay *under, const struct uplink *u, enum uplink_state state)
{
	const char *name = u->link.name;
	char key[48];

	snprintf(key, sizeof(key), "uplink-down %s", u->port != NULL ? u->port->name : name);
	if (state == UPLINK_UP)
		warn_clear(under->warnings, key);
	else if (state == UPLINK_DOWN)
		warn_set(under->warnings, key,
			"uplink %s is down: no overlay traffic until `ip link set %s up`", name,
			name);
	else
		warn_set(under->warnings, key,
			"uplink %s is gone: no overlay traffic until there is an interface of that "
			"name again",
			name);
}

/* The address stands in our lease, and a lease of another address is another node's. */
static bool lost_public(const struct underlay *under, bool v6)
{
	const struct ovnet_addr *public_ip =
		v6 ? &under->node->public_ip6 : &under->node->public_ip;
	bool had = false;

	for (unsigned i = 0; i < under->n; i++) {
		const struct uplink *u = &under->uplinks[i];
		had = had || (v6 ? u->has_public6 : u->has_public);
		if (uplink_has(u, public_ip))
			return false;
	}
	return had; /* otherwise a router translates it: node.public-ip */
}

static void check_public_ip6(struct underlay *under)
{
	char a[OVNET_ADDR_STRLEN];

	if (!under->node->own.has_v6 || !lost_public(under, true)) {
		warn_clear(under->warnings, "public-ipv6");
		return;
	}
	ovnet_addr_text(&under->node->public_ip6, a, sizeof(a));
	warn_set(under->warnings, "public-ipv6",
		"no uplink has the address %s any more, by which other nodes reach this one over "
		"IPv6: give it back, or restart ovnetd to tell them another one",
		a);
}

static void check_public_ip(struct underlay *under)
{
	char a[OVNET_ADDR_STRLEN];

	if (!lost_public(under, false)) {
		warn_clear(under->warnings, "public-ip");
		return;
	}
	ovnet_addr_text(&under->node->public_ip, a, sizeof(a));
	warn_set(under->warnings, "public-ip",
		"no uplink has the address %s any more, by which other nodes reach this one: give "
		"it back, or restart ovnetd to take a lease by the new address (and with it "
		"another subnet)",
		a);
}

void underlay_check_mtu(struct underlay *under)
{
	uint32_t need = under->node->overlay_mtu + backend_overhead(&under->node->netconf);

	for (unsigned i = 0; node_has(under->node, NODE_READY) && i < under->n; i++) {
		const struct uplink *u = &under->uplinks[i];
		uint16_t mtu = u->link.ifindex != 0 ? u->link.mtu : u->port->mtu;
		if (mtu >= need)
			continue;
		warn_set(under->warnings, "mtu",
			"uplink %s has MTU %u, too little for the overlay's %u: full-size packets "
			"are dropped (oversize) until it has %u, or Backend.MTU or the uplink's "
			"MTU "
			"at ovnetd's start is less",
			u->port->name, mtu, under->node->overlay_mtu, need);
		return;
	}
	warn_clear(under->warnings, "mtu");
}

static void take_addresses(struct underlay *under, struct uplink *u)
{
	/* Without any it keeps the last ones: an address that comes back finds all in place. */
	int rc = uplink_learn(under, u);

	if (rc == -EADDRNOTAVAIL)
		u->n_addrs = 0;
	if (u->twin != NULL)
		twin_warn_address(under, u, rc == -EADDRNOTAVAIL);
	check_public_ip(under);
	check_public_ip6(under);
	if (rc == 0 && node_has(under->node, NODE_CONFIGURED))
		(void)underlay_filter(under);
}

void underlay_link_changed(struct underlay *under, const struct ovnet_link *link)
{
	struct uplink *u = uplink_by_ifindex(under, link->ifindex);
	struct ovnet_link now;

	if (u == NULL || ports_is_lost(under->ports, uplink_kernel_port(u)))
		return;
	/* The event may be one of many, and old. */
	int rc = ovnet_kernel_link_by_index(under->kernel, link->ifindex, &now);
	if (rc == -ENODEV) {
		uplink_warn(under, u, UPLINK_GONE);
		ports_lost(under->ports, uplink_kernel_port(u));
		under->events.changed(under->arg);
	}
	if (rc < 0)
		return;
	u->link = now;
	uplink_warn(under, u, now.up ? UPLINK_UP : UPLINK_DOWN);
	if (u->twin != NULL)
		twin_pass_on(under, u);
	else
		uplink_take_mac(u);
	take_addresses(under, u);
	underlay_check_mtu(under);
	under->events.changed(under->arg);
}

/* What no notification told, or none that arrived. */
void underlay_check(struct underlay *under)
{
	struct ovnet_link link;

	for (unsigned i = 0; i < under->n; i++) {
		const struct ovnet_port *port = uplink_kernel_port(&under->uplinks[i]);
		if (under->uplinks[i].link.ifindex == 0 || ports_is_lost(under->ports, port))
			continue;
		int rc = ovnet_kernel_link_by_index(under->kernel, port->ifindex, &link);
		link.ifindex = port->ifindex;
		if (rc == -ENODEV)
			underlay_link_changed(under, &link);
	}
}
