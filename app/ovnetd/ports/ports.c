/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opens the ports, in id order: the uplinks first, then the host device. Publishes who polls
 * which queue.
 */
#include <errno.h>

#include "base/log.h"
#include "daemon.h"

OVNET_LOG_TYPE(ports)

int ports_publish(struct daemon *d)
{
	struct ovnet_path_shared *s = &d->shared;
	struct ovnet_port *live[OVNET_MAX_PORTS];

	for (unsigned i = 0; i < d->n_ports; i++)
		live[i] = d->lost[i] ? NULL : d->ports[i];
	struct ovnet_queue_map *map =
		ovnet_queue_map_build(live, d->n_ports, d->conf.dpdk.workers, ++d->map_generation);

	if (map == NULL) {
		LOG(ERR, "no memory for the queue map");
		return -ENOMEM;
	}
	const struct ovnet_queue_map *old =
		atomic_exchange_explicit(&s->map, map, memory_order_acq_rel);
	for (unsigned i = 0; i < s->n_workers; i++)
		ovnet_handoff_wake(&s->handoff[i]);
	if (old != NULL)
		ovnet_rcu_defer(
			&s->rcu, (struct ovnet_rcu_head *)&old->rcu, ovnet_queue_map_release);
	return 0;
}

void ports_stats(struct daemon *d, struct ovnet_port *port, struct ovnet_port_stats *out)
{
	const struct ovnet_port_stats *former = &d->former[port->id].stats;

	port->driver->stats(port, out);
	out->missed += former->missed;
	out->errors += former->errors;
	out->no_mbuf += former->no_mbuf;
	out->tx_errors += former->tx_errors;
}

uint64_t ports_rx_drops(
	const struct daemon *d, const struct ovnet_port *port, enum ovnet_drop reason)
{
	uint64_t packets = d->former[port->id].rx_drops[reason];

	for (unsigned q = 0; q < OVNET_MAX_QUEUES && port->queue[q] != NULL; q++)
		packets += port->queue[q]->rx_drops[reason];
	return packets;
}

struct ovnet_port *ports_open_host(
	struct daemon *d, uint16_t id, struct ovnet_patience *patience, int *err)
{
	struct ovnet_port_conf conf = {
		.name = d->conf.host.device,
		.role = OVNET_PORT_HOST,
		.iface = d->conf.host.device,
		.queues = d->conf.dpdk.workers,
		.pool = d->pool,
		.patience = patience,
	};

	return ovnet_port_open(&ovnet_driver_host, id, &conf, err);
}

static int open_host(struct daemon *d)
{
	int err;

	d->host = ports_open_host(d, d->n_ports, &d->patience, &err);
	if (d->host == NULL)
		return err;
	d->ports[d->n_ports++] = d->host;
	return 0;
}

static int init(struct daemon *d)
{
	int rc = uplinks_open(d);

	if (rc == 0)
		rc = open_host(d);
	if (rc == 0)
		rc = fragment_ports_open(d);
	return rc < 0 ? rc : ports_publish(d);
}

/* Workers have stopped by now, so nobody holds the map or a port. */
static void fini(struct daemon *d)
{
	ovnet_queue_map_free((struct ovnet_queue_map *)atomic_exchange(&d->shared.map, NULL));
	fragment_ports_unwatch(d);
	while (d->n_ports > 0) {
		ovnet_port_close(d->ports[--d->n_ports]);
		d->ports[d->n_ports] = NULL;
		d->lost[d->n_ports] = false;
	}
	d->host = NULL;
	d->n_uplinks = 0;
}

const struct module module_ports = {"ports", init, fini};
