/* SPDX-License-Identifier: BSD-3-Clause */
#include "takeover/takeover.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "underlay/underlay.h"

OVNET_LOG_TYPE(takeover)

static bool is_leasable(void *arg, const struct ovnet_addr *base)
{
	return ovnet_netconf_leasable(arg, base);
}

static unsigned drop_direct(struct ovnet_flannel_layout *l)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < l->n_peers; i++)
		if (!l->peers[i].direct)
			l->peers[kept++] = l->peers[i];
	return l->n_peers - kept;
}

static int find(struct takeover *t, const struct ovnet_netconf *c)
{
	const struct ovnet_flannel_search s = {
		.vni = c->backend == OVNET_BACKEND_VXLAN ? c->vni : 0,
		.port = c->backend == OVNET_BACKEND_HOST_GW ? 0 : c->port,
		.network = {ovnet_prefix_from4(&c->network),
			c->enable_ipv6 ? ovnet_prefix_from6(&c->network6)
				       : (struct ovnet_prefix){0}},
		.subnet_len = {c->subnet_len, c->subnet6_len},
		.leasable = is_leasable,
		.arg = (void *)c,
	};

	ovnet_flannel_found_free(&t->found);
	int rc = ovnet_flannel_find(t->kernel, &s, &t->found);
	/* Elsewhere somebody's static route may look like one. */
	bool direct = c->backend == OVNET_BACKEND_HOST_GW || c->direct_routing;
	if (rc == 0 && !direct) {
		t->found.layout.n_peers -= drop_direct(&t->found.layout);
		t->found.n_direct = 0;
		if (t->found.layout.kind == OVNET_FLANNEL_HOST_GW)
			ovnet_flannel_found_free(&t->found);
	}
	return rc;
}

static bool is_ours(const struct ovnet_flannel_found *f)
{
	const struct ovnet_flannel_device *d = f->layout.device;

	return (d[0].ifindex != 0 || d[1].ifindex != 0) && (d[0].ifindex == 0 || d[0].ours) &&
	       (d[1].ifindex == 0 || d[1].ours);
}

static int refuse_other(const struct takeover *t, const struct ovnet_netconf *c)
{
	if (t->found.other[0] == '\0')
		return 0;
	LOG(ERR,
		"UDP port %u is taken by vxlan device %s, which is not of this network (ip -d link "
		"show %s): remove it if nobody needs it (ip link delete %s), or choose another "
		"Port in the network config",
		c->port, t->found.other, t->found.other, t->found.other);
	return -EADDRINUSE;
}

static int refuse(const struct takeover *t, char *rules)
{
	bool ask = t->node->conf->node.takeover == CONF_TAKEOVER_ASK;
	char what[512], *rest = NULL;

	takeover_describe(&t->found, what, sizeof(what));
	if (what[0] != '\0')
		LOG(ERR, "a flanneld was here before and left %s", what);
	for (const char *line = rules != NULL ? strtok_r(rules, "\n", &rest) : NULL; line != NULL;
		line = strtok_r(NULL, "\n", &rest))
		LOG(ERR, "a flanneld was here before and left %s", line);
	if (ask)
		LOG(ERR, "nothing was touched (node.takeover = \"ask\"): to go on with its subnet "
			 "and MAC, and to have this removed once ovnet forwards, start with "
			 "--takeover=yes");
	else
		LOG(ERR, "it is in the way and was left (node.takeover = \"no\"): start with "
			 "--takeover=yes, or remove it (`ip link delete`, `ip route delete`)");
	return -EPERM;
}

static int decide(struct takeover *t, const struct ovnet_netconf *c)
{
	enum conf_takeover how = t->node->conf->node.takeover;
	bool any = ovnet_flannel_found_any(&t->found);

	if (how == CONF_TAKEOVER_YES || is_ours(&t->found))
		return 0;
	/* Rules alone are in nobody's way; who wants to be asked is. It ends either way. */
	char *rules = how == CONF_TAKEOVER_ASK ? takeover_list_rules(t, c) : NULL;
	int rc = any || rules != NULL ? refuse(t, rules) : 0;
	free(rules);
	return rc;
}

int takeover_look(struct takeover *t, const struct ovnet_netconf *c)
{
	char what[512];

	if (t->over)
		return 0;
	bool first = !t->pending;
	t->pending = t->node->port_later = false;
	int rc = find(t, c);
	if (rc == 0)
		rc = takeover_refuse_live(t, c);
	if (rc == 0)
		rc = refuse_other(t, c);
	if (rc == 0)
		rc = decide(t, c);
	if (rc < 0 || !ovnet_flannel_found_any(&t->found))
		return rc;
	t->pending = true;
	for (unsigned i = 0; i < 2; i++)
		t->node->port_later =
			t->node->port_later ||
			(c->backend != OVNET_BACKEND_HOST_GW && t->found.layout.device[i].up &&
				t->found.layout.device[i].port == c->port);
	if (first)
		LOG(NOTICE, "%s left %s: it carries on until ovnet is ready",
			is_ours(&t->found) ? "ovnet handed the node over and"
					   : "a flanneld was here and",
			takeover_describe(&t->found, what, sizeof(what)));
	return 0;
}

/* The lease's is what peers go by; a device may have got another one (udev's MACAddressPolicy). */
static void adopt_mac(bool *has, struct ovnet_mac *mac, const struct ovnet_flannel_device *d)
{
	char in_lease[18], of_device[18];

	if (d->ifindex == 0 || d->port == 0 || !ovnet_mac_is_unicast(&d->mac))
		return;
	if (*has && !ovnet_mac_equal(mac, &d->mac))
		LOG(WARN, "the lease says VtepMAC %s, %s has %s: going on with the lease's",
			ovnet_mac_text(mac, in_lease, sizeof(in_lease)), d->name,
			ovnet_mac_text(&d->mac, of_device, sizeof(of_device)));
	if (!*has)
		*mac = d->mac;
	*has = true;
}

static bool is_base4(const struct ovnet_prefix *addr, const struct ovnet_netconf *c)
{
	struct ovnet_addr base = ovnet_prefix_first(addr);

	return addr->family == AF_INET && (addr->v4.addr_host & ~ovnet_mask4(c->subnet_len)) == 0 &&
	       ovnet_netconf_leasable(c, &base);
}

static bool is_base6(const struct ovnet_prefix *addr, const struct ovnet_netconf *c)
{
	struct ovnet_addr base = ovnet_prefix_first(addr);
	struct ovnet_prefix6 p = addr->v6;

	p.len = c->subnet6_len;
	ovnet_prefix6_mask(&p);
	return addr->family == AF_INET6 && memcmp(p.addr, addr->v6.addr, sizeof(p.addr)) == 0 &&
	       ovnet_netconf_leasable(c, &base);
}

void takeover_adopt(const struct takeover *t, const struct ovnet_netconf *c,
	struct ovnet_lease *previous, struct ovnet_lease *own)
{
	const struct ovnet_flannel_device *d = t->found.layout.device;

	if (!t->pending || t->found.foreign)
		return;
	if (is_base4(&d[0].addr, c))
		own->subnet = (struct ovnet_prefix4){d[0].addr.v4.addr_host, c->subnet_len};
	if (c->enable_ipv6 && own->subnet.len != 0 && is_base6(&d[1].addr, c)) {
		own->subnet6 = d[1].addr.v6;
		own->subnet6.len = c->subnet6_len;
		own->has_v6 = true;
	}
	if (c->backend != OVNET_BACKEND_VXLAN)
		return;
	adopt_mac(&previous->has_vtep_mac, &previous->vtep_mac, &d[0]);
	if (c->enable_ipv6)
		adopt_mac(&previous->has_vtep_mac6, &previous->vtep_mac6, &d[1]);
}

void takeover_prepare(const struct takeover *t)
{
	if (t->pending)
		ovnet_flannel_devices_loosen(t->kernel, &t->found.layout);
}

bool takeover_pending(const struct takeover *t)
{
	return t->pending;
}

void takeover_init(struct takeover *t, struct ovnet_kernel *kernel, struct node *node,
	struct underlay *underlay, const struct kernel_lane *lane, struct firewall_job *firewall)
{
	*t = (struct takeover){.kernel = kernel,
		.node = node,
		.underlay = underlay,
		.lane = lane,
		.firewall = firewall,
		.warnings = node->warnings};
}
