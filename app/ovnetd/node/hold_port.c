/* SPDX-License-Identifier: BSD-3-Clause */
/* That nobody else serves this network here: the overlay's UDP port, a flanneld's routes. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/prefix_list.h"
#include "kernel/kernel.h"
#include "node/flanneld.h"
#include "node/node.h"

OVNET_LOG_TYPE(overlay)

static void say(const struct ovnet_netconf *c)
{
	switch (c->backend) {
	case OVNET_BACKEND_VXLAN:
		LOG(INFO, "VXLAN config: VNI=%u Port=%u GBP=%d Learning=%d DirectRouting=%d",
			c->vni, c->port, c->gbp, c->learning, c->direct_routing);
		break;
	case OVNET_BACKEND_UDP:
		LOG(INFO, "UDP config: Port=%u", c->port);
		break;
	default:
		LOG(INFO, "backend %s: packets are routed to peers' addresses",
			ovnet_backend_name(c->backend));
	}
}

struct flannel_route {
	const struct node *node;
	struct ovnet_kernel *kernel;
	const struct ovnet_netconf *netconf;
	bool found;
};

/* As flanneld's host-gw sets them: a lease's subnet by way of the peer. */
static void look_at_route(void *arg, const struct ovnet_main_route *r)
{
	struct flannel_route *f = arg;
	struct ovnet_addr base = r->dst.family == AF_INET ? ovnet_addr_v4(r->dst.v4.addr_host)
							  : ovnet_addr_v6(r->dst.v6.addr);

	f->found = f->found || (r->gateway.family != 0 && ovnet_prefix_len(&r->dst) > 0 &&
				       ovnet_netconf_leasable(f->netconf, &base));
}

static bool same_prefix(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);

	while (a_len > 0 && a[a_len - 1] == '/')
		a_len--;
	while (b_len > 0 && b[b_len - 1] == '/')
		b_len--;
	return a_len == b_len && strncmp(a, b, a_len) == 0;
}

/* By its --etcd-prefix; its routes tell where it gives none. */
static bool is_same_network(void *arg, const char *prefix)
{
	struct flannel_route *f = arg;

	if (prefix[0] != '\0')
		return same_prefix(prefix, f->node->conf->etcd.prefix);
	(void)ovnet_kernel_main_routes(f->kernel, 0, look_at_route, f);
	/* Its environment may name another; without peers it has no routes yet. */
	if (!f->found)
		LOG(WARN,
			"a flanneld runs here whose command line has no --etcd-prefix: if it "
			"serves %s as well, stop it, because both would set the same routes",
			f->node->conf->etcd.prefix);
	return f->found;
}

/*
 * A tunnel's port has one owner; host-gw has none, and both daemons would set and remove each
 * other's routes. A flanneld of another network may run beside; routes that a dead one left are
 * replaced.
 */
static int refuse_flanneld(
	const struct node *n, struct ovnet_kernel *kernel, const struct ovnet_netconf *c)
{
	struct flannel_route f = {.node = n, .kernel = kernel, .netconf = c};
	char net[OVNET_PREFIX_STRLEN];
	pid_t pid = flanneld_running(is_same_network, &f);

	if (pid == 0)
		return 0;
	LOG(ERR,
		"flanneld runs here as well (process %d) and serves network %s: both would set the "
		"same routes; stop it first, as with `systemctl stop flanneld`",
		(int)pid, ovnet_prefix4_text(&c->network, net, sizeof(net)));
	return -EADDRINUSE;
}

int node_hold_port(struct node *n, struct ovnet_kernel *kernel, struct ovnet_patience *patience,
	const struct ovnet_netconf *c)
{
	int rc = 0;

	if (n->guarded)
		return 0;
	if (c->backend == OVNET_BACKEND_HOST_GW) {
		rc = refuse_flanneld(n, kernel, c);
	} else {
		rc = ovnet_udp_guard_open(&n->udp_guard, c->port, patience);
		n->guarded = rc == 0;
	}
	if (rc != -EAGAIN)
		say(c);
	return rc;
}
