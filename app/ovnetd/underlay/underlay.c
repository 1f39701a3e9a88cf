/* SPDX-License-Identifier: BSD-3-Clause */
#include "underlay/underlay.h"

#include <rte_ether.h>

#include "underlay/uplinks.h"

void underlay_init(struct underlay *under, struct ovnet_kernel *kernel, struct ports *ports,
	const struct node *node, const struct underlay_events *events, void *arg)
{
	*under = (struct underlay){
		.conf = node->conf,
		.warnings = node->warnings,
		.kernel = kernel,
		.ports = ports,
		.node = node,
		.events = *events,
		.arg = arg,
	};
}

void underlay_fini(struct underlay *under)
{
	fragment_ports_unwatch(under);
	under->n = 0;
}

uint16_t underlay_max_mtu(const struct underlay *under)
{
	const struct conf *conf = under->conf;
	uint16_t mtu = RTE_ETHER_MTU;
	struct ovnet_link link;

	for (unsigned i = 0; i < conf->n_uplinks || i == 0; i++) {
		const struct conf_uplink *c = conf->n_uplinks > 0 ? &conf->uplinks[i] : NULL;
		if (uplink_is_vdev(c)) {
			mtu = RTE_MAX(mtu, twin_mtu(under, c));
			continue;
		}
		if (uplinks_look_up(under, uplink_iface(under, c), &link) == 0 && link.mtu > mtu)
			mtu = link.mtu;
	}
	return mtu;
}

/*
 * What peers send to; to another address it is the host's. Workers look at it when there is an
 * overlay, which comes after.
 */
static void take_local(struct uplink *u, const struct node *node)
{
	u->port->local = u->has_public ? node->public_ip : u->addr;
	u->port->local6 = u->has_public6 ? node->public_ip6 : u->addr6;
}

void underlay_note_public(struct underlay *under)
{
	for (unsigned i = 0; i < under->n; i++) {
		struct uplink *u = &under->uplinks[i];
		u->has_public = uplink_has(u, &under->node->public_ip);
		u->has_public6 = uplink_has(u, &under->node->public_ip6);
		if (u->twin != NULL)
			take_local(u, under->node);
	}
}

struct backend_underlay underlay_facts(const struct underlay *under)
{
	struct backend_underlay facts = {
		.name = under->uplinks[0].port->name,
		.addr = under->uplinks[0].addr,
		.mtu = UINT16_MAX,
	};

	for (unsigned i = 0; i < under->n; i++) {
		const struct uplink *u = &under->uplinks[i];
		facts.mtu = RTE_MIN(facts.mtu, u->port->mtu);
		facts.has_public = facts.has_public || uplink_has(u, &under->node->public_ip);
	}
	return facts;
}
