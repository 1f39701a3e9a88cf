/* SPDX-License-Identifier: BSD-3-Clause */
/* What flanneld would have in this node's kernel. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "handover/handover.h"

static int refuse(char *err, size_t size, const char *why)
{
	snprintf(err, size, "%s", why);
	return -EOPNOTSUPP;
}

static const struct uplink *first_uplink(const struct handover *h)
{
	return &h->underlay->uplinks[0];
}

static int check(const struct handover *h, char *err, size_t size)
{
	enum ovnet_backend backend = h->node->netconf.backend;

	if (backend == OVNET_BACKEND_UDP)
		return refuse(err, size,
			"backend udp: flannel's device ends with its process, so the kernel alone "
			"forwards nothing; stop with node.on-stop = \"hold\" and start flanneld");
	if (backend != OVNET_BACKEND_VXLAN && backend != OVNET_BACKEND_HOST_GW)
		return refuse(err, size, "the kernel has no path for this backend");
	if (h->host->port == NULL)
		return refuse(err, size,
			"there is no host device (host.device): what is at attach ports has no way "
			"by the kernel");
	for (unsigned i = 0; i < h->underlay->n; i++)
		if (h->underlay->uplinks[i].link.ifindex == 0 ||
			h->underlay->uplinks[i].twin != NULL)
			return refuse(err, size,
				"an uplink is a NIC that ovnetd has taken from the kernel (driver "
				"dpdk): without ovnetd there is no way to the underlay; give it "
				"back first (scripts/nic.sh)");
	return 0;
}

static int device_of(const struct handover *h, uint8_t family, struct ovnet_flannel_device *d,
	char *err, size_t size)
{
	const struct node *n = h->node;
	const struct uplink *u = first_uplink(h);
	bool v6 = family == AF_INET6;

	*d = (struct ovnet_flannel_device){
		.mtu = n->overlay_mtu,
		.addr = v6 ? ovnet_prefix_from6(&n->own.subnet6)
			   : ovnet_prefix_from4(&n->own.subnet),
		.vni = n->netconf.vni,
		.port = n->netconf.port,
		.lower = u->link.ifindex,
		.local = v6 ? u->addr6 : u->addr,
		.mac = v6 ? n->own.vtep_mac6 : n->own.vtep_mac,
		.gbp = n->netconf.gbp,
	};
	if (d->local.family != family)
		return refuse(err, size, "the uplink has no address of its own to send from");
	ovnet_flannel_device_name(d->name, family, d->vni);
	return 0;
}

static bool on_link(const struct peer *p)
{
	return p->state == PEER_OK && ovnet_addr_equal(&p->hop.addr, &p->public_ip);
}

/* False: flanneld would have nothing for it either. */
static bool peer_of(const struct handover *h, const struct peer *p, struct ovnet_flannel_peer *out)
{
	bool host_gw = h->node->netconf.backend == OVNET_BACKEND_HOST_GW;

	if (p->gone || !p->wanted || (host_gw && !on_link(p)))
		return false;
	*out = (struct ovnet_flannel_peer){
		.subnet = p->subnet,
		.public_ip = p->public_ip,
		.mac = p->vtep_mac,
		.direct = host_gw || (h->node->netconf.direct_routing && on_link(p)),
		.link = host_gw ? p->hop.uplink->link.ifindex : 0,
	};
	return true;
}

static int add_peers(const struct handover *h, struct ovnet_flannel_layout *l)
{
	const struct peer *p;

	l->peers = calloc(h->peers->n + 1u, sizeof(*l->peers));
	if (l->peers == NULL)
		return -ENOMEM;
	TAILQ_FOREACH (p, &h->peers->list, entry)
		if (l->n_peers < h->peers->n && peer_of(h, p, &l->peers[l->n_peers]))
			l->n_peers++;
	return 0;
}

int handover_layout(
	const struct handover *h, struct ovnet_flannel_layout *l, char *err, size_t size)
{
	int rc = check(h, err, size);

	l->kind = OVNET_FLANNEL_HOST_GW;
	if (rc == 0 && h->node->netconf.backend == OVNET_BACKEND_VXLAN) {
		l->kind = OVNET_FLANNEL_VXLAN;
		rc = device_of(h, AF_INET, &l->device[0], err, size);
		if (rc == 0 && h->node->own.has_v6)
			rc = device_of(h, AF_INET6, &l->device[1], err, size);
	}
	if (rc == 0)
		rc = add_peers(h, l);
	if (rc == -ENOMEM)
		snprintf(err, size, "no memory");
	return rc;
}
