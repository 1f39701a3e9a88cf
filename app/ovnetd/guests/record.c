/* SPDX-License-Identifier: BSD-3-Clause */
#include "guests/record.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/log.h"
#include "conf/vm_value.h"

OVNET_LOG_TYPE(guests)

static_assert(CONF_VM_MAX_DNS <= OVNET_GUEST_DNS && CONF_VM_MAX_ROUTES < OVNET_GUEST_ROUTES,
	"and the default route");

static void add_address(
	struct ovnet_guest *g, const struct ovnet_lease *own, const struct ovnet_prefix *p)
{
	if (p->family == AF_INET && p->v4.len == 32 &&
		ovnet_prefix4_contains(&own->subnet, p->v4.addr_host)) {
		g->has4 = true;
		g->addr4 = rte_cpu_to_be_32(p->v4.addr_host);
		g->mask4 = rte_cpu_to_be_32(ovnet_mask4(own->subnet.len));
		g->router4 = g->server4 = rte_cpu_to_be_32(own->subnet.addr_host + 1);
	}
	if (p->family == AF_INET6 && p->v6.len == 128 && own->has_v6 &&
		ovnet_prefix6_contains(&own->subnet6, p->v6.addr)) {
		g->has6 = true;
		memcpy(g->addr6, p->v6.addr, sizeof(g->addr6));
		g->net6 = own->subnet6;
	}
}

static void add_dns(struct ovnet_guest *g, const struct conf *conf)
{
	struct ovnet_addr dns[2 * CONF_VM_MAX_DNS];
	int n = conf_vm_dns(conf->vm.dns, dns);

	for (int i = 0; i < n; i++)
		if (dns[i].family == AF_INET)
			g->dns4[g->n_dns4++] = dns[i].v4_be;
		else
			memcpy(g->dns6[g->n_dns6++], dns[i].v6, sizeof(dns[i].v6));
}

/* The default route as well: who takes option 121 does not look at the router's. */
static void add_routes(struct ovnet_guest *g, const struct conf *conf)
{
	struct conf_vm_route routes[CONF_VM_MAX_ROUTES];
	int n = conf_vm_routes(conf->vm.routes, routes);
	bool world = false;

	for (int i = 0; i < n; i++) {
		const bool by_gateway = routes[i].via.family == 0;

		world = world || routes[i].to.len == 0;
		g->routes4[g->n_routes4++] = (struct ovnet_guest_route){
			routes[i].to, by_gateway ? g->router4 : routes[i].via.v4_be};
	}
	if (!world)
		g->routes4[g->n_routes4++] = (struct ovnet_guest_route){{0, 0}, g->router4};
}

/* The port's, in what a host may be called (RFC 1123): "web.1" -> "web-1", "x_" -> "x". */
static void put_hostname(struct ovnet_guest *g, const char *name)
{
	size_t n = 0;

	for (; *name != '\0' && n < sizeof(g->hostname) - 1; name++)
		if (isalnum((unsigned char)*name))
			g->hostname[n++] = *name;
		else if (n > 0)
			g->hostname[n++] = '-';
	while (n > 0 && g->hostname[n - 1] == '-')
		n--;
	g->hostname[n] = '\0';
}

int guest_record(const struct conf *conf, const struct node *node, const struct conf_port *port,
	struct ovnet_guest **out)
{
	*out = NULL;
	if (node->drained || !port->dhcp || !port->has_mac)
		return 0;
	struct ovnet_guest *g = calloc(1, sizeof(*g));
	if (g == NULL) {
		LOG(ERR, "no memory for what port %s is told by DHCP: trying again", port->name);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < port->n_addresses; i++)
		add_address(g, &node->own, &port->addresses[i]);
	if (!g->has4 && !g->has6) {
		free(g);
		return 0;
	}
	g->mac = port->mac;
	g->mtu = port->mtu != 0 ? port->mtu : node->overlay_mtu;
	g->lease_s = conf->vm.lease_time;
	add_dns(g, conf);
	if (g->has4)
		add_routes(g, conf);
	put_hostname(g, port->name);
	snprintf(g->domain, sizeof(g->domain), "%s", conf->vm.domain);
	*out = g;
	return 0;
}
