/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/guest.h"

#include <errno.h>
#include <stdlib.h>

#include "path/nd.h"

static void release(struct ovnet_rcu_head *head)
{
	free(head);
}

void ovnet_guest_publish(struct ovnet_path_shared *s, uint16_t port, struct ovnet_guest *g)
{
	struct ovnet_guest *former =
		atomic_exchange_explicit(&s->guest[port], g, memory_order_acq_rel);

	if (former != NULL)
		ovnet_rcu_defer(&s->rcu, &former->rcu, release);
}

const struct ovnet_guest *ovnet_guest_of(const struct ovnet_path_shared *s, uint16_t port)
{
	return atomic_load_explicit(&s->guest[port], memory_order_acquire);
}

void ovnet_guests_fini(struct ovnet_path_shared *s)
{
	for (unsigned i = 0; i < OVNET_MAX_PORTS; i++)
		ovnet_guest_publish(s, (uint16_t)i, NULL);
}

/* A worker with a tx queue of the port's. */
static uint16_t owner_of(const struct ovnet_queue_map *map, uint16_t port)
{
	for (uint16_t i = 0; i < map->n_workers; i++)
		if (map->worker[i].tx[port].q != NULL)
			return i;
	return OVNET_WORKER_NONE;
}

static struct rte_mbuf *advert_new(
	struct rte_mempool *pool, const struct ovnet_port *port, const struct ovnet_guest *g)
{
	const struct ovnet_mac mac = ovnet_port_mac(port);
	struct rte_mbuf *m = pool == NULL || rte_pktmbuf_data_room_size(pool) <
						     RTE_PKTMBUF_HEADROOM + OVNET_ROUTER_ADVERT_MAX
				     ? NULL
				     : rte_pktmbuf_alloc(pool);

	if (m == NULL)
		return NULL;
	m->data_len = (uint16_t)ovnet_router_advert(
		rte_pktmbuf_mtod(m, uint8_t *), g, &mac, ovnet_all_nodes);
	m->pkt_len = m->data_len;
	ovnet_meta_reset(m, port->id);
	ovnet_meta(m)->flags |= OVNET_META_ANSWER;
	ovnet_meta(m)->src_version = 0;
	ovnet_meta(m)->out_port = port->id;
	ovnet_meta(m)->out_generation = port->generation;
	ovnet_meta(m)->peer = NULL;
	ovnet_meta(m)->nh = NULL;
	/* The headroom is a whole one. */
	(void)push_ethernet(m, port, &nd_all_nodes_mac, RTE_BE16(RTE_ETHER_TYPE_IPV6));
	return m;
}

int ovnet_guest_advertise(struct ovnet_path_shared *s, uint16_t id)
{
	const struct ovnet_queue_map *map = atomic_load_explicit(&s->map, memory_order_relaxed);
	const struct ovnet_guest *g = ovnet_guest_of(s, id);
	const struct ovnet_port *port = map != NULL && id < map->n_ports ? map->port[id] : NULL;

	if (g == NULL || !g->has6 || port == NULL || (port->caps & OVNET_CAP_L3))
		return -ENOENT;
	const uint16_t owner = owner_of(map, id);
	if (owner == OVNET_WORKER_NONE)
		return -ENOENT;
	struct rte_mbuf *m = advert_new(s->pool, port, g);
	return m == NULL ? -ENOMEM : ovnet_handoff_send(&s->handoff[owner], m);
}
