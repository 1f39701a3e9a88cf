/* SPDX-License-Identifier: BSD-3-Clause */
/* Which interface a text means, and by which addresses and MAC packets leave. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "underlay/uplinks.h"

OVNET_LOG_TYPE(uplinks)

/* The next entry of a comma list. */
static bool next_name(const char **list, char *name, size_t size)
{
	size_t len = strcspn(*list, ",");

	snprintf(name, size, "%.*s", (int)len, *list);
	*list += len + ((*list)[len] == ',');
	return len > 0;
}

int uplinks_look_up(const struct underlay *under, const char *text, struct ovnet_link *link)
{
	int rc = text[0] == '\0' ? ovnet_kernel_default_link(under->kernel, link) : -ENODEV;
	char name[OVNET_ADDR_STRLEN];
	struct ovnet_addr addr;

	while (rc < 0 && next_name(&text, name, sizeof(name)))
		rc = ovnet_addr_parse(name, &addr) == 0
			     ? ovnet_kernel_link_by_addr(under->kernel, &addr, link)
			     : ovnet_kernel_link_by_name(under->kernel, name, link);
	return rc;
}

bool uplink_is_vdev(const struct conf_uplink *c)
{
	return c != NULL && c->devargs[0] != '\0';
}

enum conf_driver uplink_driver(const struct uplink *u)
{
	return u->conf != NULL ? u->conf->driver : CONF_DRIVER_AUTO;
}

bool uplink_may_be_af_xdp(const struct uplink *u)
{
	/* Where AF_XDP would only copy, sockets are faster. */
	return uplink_driver(u) == CONF_DRIVER_AF_XDP ||
	       (uplink_driver(u) == CONF_DRIVER_AUTO && u->conf != NULL && u->conf->zero_copy);
}

const char *uplink_iface(const struct underlay *under, const struct conf_uplink *c)
{
	const char *named = c != NULL ? c->iface : under->conf->node.iface;

	return under->iface[0] != '\0' ? under->iface : named;
}

bool uplink_has(const struct uplink *u, const struct ovnet_addr *addr)
{
	for (unsigned i = 0; i < u->n_addrs; i++)
		if (ovnet_addr_equal(&u->addrs[i], addr))
			return true;
	return false;
}

struct uplink *uplink_by_ifindex(struct underlay *under, uint32_t ifindex)
{
	for (unsigned i = 0; i < under->n; i++)
		if (under->uplinks[i].link.ifindex == ifindex && ifindex != 0)
			return &under->uplinks[i];
	return NULL;
}

/* The address packets leave with: what it was, what --iface names, or flannel's choice. */
static int choose_address(struct underlay *under, struct uplink *u)
{
	const char *list = uplink_iface(under, u->conf);
	char name[OVNET_ADDR_STRLEN];
	struct ovnet_addr named;

	if (uplink_has(u, &u->addr))
		return 0;
	while (next_name(&list, name, sizeof(name)))
		if (ovnet_addr_parse(name, &named) == 0 && uplink_has(u, &named)) {
			u->addr = named;
			return 0;
		}
	return ovnet_kernel_link_addr(under->kernel, u->link.ifindex, AF_INET, &u->addr);
}

/* Not every underlay has one. A link-local one reaches nobody behind a router. */
static void choose_address6(struct underlay *under, struct uplink *u)
{
	if (uplink_has(u, &u->addr6))
		return;
	if (ovnet_kernel_link_addr(under->kernel, u->link.ifindex, AF_INET6, &u->addr6) < 0 ||
		(u->addr6.v6[0] == 0xfe && (u->addr6.v6[1] & 0xc0) == 0x80))
		u->addr6 = (struct ovnet_addr){0};
}

int uplink_learn(struct underlay *under, struct uplink *u)
{
	struct ovnet_addr first;
	int rc = ovnet_kernel_link_addr(under->kernel, u->link.ifindex, AF_INET, &first);

	if (rc < 0)
		return rc;
	u->n_addrs = ovnet_kernel_link_addrs(
		under->kernel, u->link.ifindex, u->addrs, sizeof(u->addrs) / sizeof(u->addrs[0]));
	choose_address6(under, u);
	return choose_address(under, u);
}

void uplink_take_mac(struct uplink *u)
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
