/* SPDX-License-Identifier: BSD-3-Clause */
/* Uplinks in the hands of an operator: up and down, addresses, MAC, MTU, gone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "daemon.h"
#include "node/backend.h"

OVNET_LOG_TYPE(uplinks)

void uplink_warn(struct daemon *d, const struct uplink *u, enum uplink_state state)
{
	const char *name = u->link.name;
	char key[48];

	snprintf(key, sizeof(key), "uplink-down %s", u->port != NULL ? u->port->name : name);
	if (state == UPLINK_UP)
		warn_clear(&d->warnings, key);
	else if (state == UPLINK_DOWN)
		warn_set(&d->warnings, key,
			"uplink %s is down: no overlay traffic until `ip link set %s up`", name,
			name);
	else
		warn_set(&d->warnings, key,
			"uplink %s is gone: no overlay traffic until there is an interface of that "
			"name again",
			name);
}

bool uplink_has(const struct uplink *u, const struct ovnet_addr *addr)
{
	for (unsigned i = 0; i < u->n_addrs; i++)
		if (ovnet_addr_equal(&u->addrs[i], addr))
			return true;
	return false;
}

/* The address stands in our lease, and a lease of another address is another node's. */
static bool lost_public(const struct daemon *d, bool v6)
{
	const struct ovnet_addr *public_ip = v6 ? &d->public_ip6 : &d->public_ip;
	bool had = false;

	for (unsigned i = 0; i < d->n_uplinks; i++) {
		const struct uplink *u = &d->uplinks[i];
		had = had || (v6 ? u->has_public6 : u->has_public);
		if (uplink_has(u, public_ip))
			return false;
	}
	return had; /* otherwise a router translates it: node.public-ip */
}

static void check_public_ip6(struct daemon *d)
{
	char a[OVNET_ADDR_STRLEN];

	if (!d->own.has_v6 || !lost_public(d, true)) {
		warn_clear(&d->warnings, "public-ipv6");
		return;
	}
	ovnet_addr_text(&d->public_ip6, a, sizeof(a));
	warn_set(&d->warnings, "public-ipv6",
		"no uplink has the address %s any more, by which other nodes reach this one over "
		"IPv6: give it back, or restart ovnetd to tell them another one",
		a);
}

static void check_public_ip(struct daemon *d)
{
	char a[OVNET_ADDR_STRLEN];

	if (!lost_public(d, false)) {
		warn_clear(&d->warnings, "public-ip");
		return;
	}
	ovnet_addr_text(&d->public_ip, a, sizeof(a));
	warn_set(&d->warnings, "public-ip",
		"no uplink has the address %s any more, by which other nodes reach this one: give "
		"it back, or restart ovnetd to take a lease by the new address (and with it "
		"another subnet)",
		a);
}

void uplinks_check_mtu(struct daemon *d)
{
	uint32_t need = d->overlay_mtu + backend_overhead(&d->netconf);

	for (unsigned i = 0; d->ready && i < d->n_uplinks; i++) {
		const struct uplink *u = &d->uplinks[i];
		uint16_t mtu = u->link.ifindex != 0 ? u->link.mtu : u->port->mtu;
		if (mtu >= need)
			continue;
		warn_set(&d->warnings, "mtu",
			"uplink %s has MTU %u, too little for the overlay's %u: full-size packets "
			"are dropped (oversize) until it has %u, or Backend.MTU or the uplink's "
			"MTU "
			"at ovnetd's start is less",
			u->port->name, mtu, d->overlay_mtu, need);
		return;
	}
	warn_clear(&d->warnings, "mtu");
}

static void take_mac(struct uplink *u)
{
	const struct ovnet_mac was = ovnet_port_mac(u->port);
	char m[OVNET_MAC_STRLEN];

	if (ovnet_mac_equal(&was, &u->link.mac))
		return;
	/* Next hops with the old one are found different when peers are resolved anew. */
	ovnet_port_set_mac(u->port, &u->link.mac);
	LOG(NOTICE, "uplink %s has MAC %s now", u->port->name,
		ovnet_mac_text(&u->link.mac, m, sizeof(m)));
}

static void take_addresses(struct daemon *d, struct uplink *u)
{
	/* Without any it keeps the last ones: an address that comes back finds all in place. */
	int rc = uplink_learn(d, u);

	if (rc == -EADDRNOTAVAIL)
		u->n_addrs = 0;
	check_public_ip(d);
	check_public_ip6(d);
	if (rc == 0 && d->have_netconf)
		(void)uplinks_filter(d);
}

void uplinks_link_changed(struct daemon *d, const struct ovnet_link *link)
{
	struct uplink *u = uplink_by_ifindex(d, link->ifindex);
	struct ovnet_link now;

	if (u == NULL || d->lost[u->port->id])
		return;
	/* The event may be one of many, and old. */
	int rc = ovnet_kernel_link_by_index(d->kernel, link->ifindex, &now);
	if (rc == -ENODEV) {
		uplink_warn(d, u, UPLINK_GONE);
		port_lost(d, u->port);
		peers_resolve_all(d);
	}
	if (rc < 0)
		return;
	u->link = now;
	uplink_warn(d, u, now.up ? UPLINK_UP : UPLINK_DOWN);
	take_mac(u);
	take_addresses(d, u);
	uplinks_check_mtu(d);
	peers_resolve_all(d);
}

struct uplink *uplink_by_ifindex(struct daemon *d, uint32_t ifindex)
{
	for (unsigned i = 0; i < d->n_uplinks; i++)
		if (d->uplinks[i].link.ifindex == ifindex && ifindex != 0)
			return &d->uplinks[i];
	return NULL;
}
