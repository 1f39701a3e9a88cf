/* SPDX-License-Identifier: BSD-3-Clause */
#include "ports/ports.h"

#include <errno.h>

#include "base/counter_table.h"
#include "base/log.h"
#include "ports/retry.h"

OVNET_LOG_TYPE(ports)

int ports_init(struct ports *ports, struct engine *engine)
{
	*ports = (struct ports){.engine = engine};
	return ports_retry_init(ports);
}

void ports_fini(struct ports *ports)
{
	if (ports->engine == NULL)
		return;
	ports_retry_fini(ports);
	ovnet_queue_map_free(
		(struct ovnet_queue_map *)atomic_exchange(&ports->engine->shared.map, NULL));
	while (ports->n > 0) {
		struct port_slot *slot = &ports->slot[--ports->n];
		ovnet_port_close(slot->port);
		*slot = (struct port_slot){0};
	}
}

static struct ovnet_port *open_as(struct ports *ports, uint16_t id,
	const struct ovnet_driver *driver, const struct ovnet_port_conf *conf, int *err)
{
	struct ovnet_port_conf full = *conf;

	full.pool = ports->engine->pool;
	return ovnet_port_open(driver, id, &full, err);
}

struct ovnet_port *ports_open(struct ports *ports, const struct ovnet_driver *driver,
	const struct ovnet_port_conf *conf, const struct port_owner *owner, int *err)
{
	struct port_slot *slot = &ports->slot[ports->n];

	if (ports->n == OVNET_MAX_PORTS) {
		LOG(ERR, "no room for port '%s': there are %u already", conf->name, ports->n);
		*err = -ENOSPC;
		return NULL;
	}
	struct ovnet_port *port = open_as(ports, ports->n, driver, conf, err);
	if (port == NULL)
		return NULL;
	*slot = (struct port_slot){.port = port};
	if (owner != NULL)
		slot->owner = *owner;
	ports->n++;
	return port;
}

int ports_publish(struct ports *ports)
{
	struct ovnet_path_shared *s = &ports->engine->shared;
	struct ovnet_port *live[OVNET_MAX_PORTS];

	for (unsigned i = 0; i < ports->n; i++)
		live[i] = ports->slot[i].lost ? NULL : ports->slot[i].port;
	struct ovnet_queue_map *map =
		ovnet_queue_map_build(live, ports->n, s->n_workers, ++ports->generation);

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

bool ports_is_lost(const struct ports *ports, const struct ovnet_port *port)
{
	return ports->slot[port->id].lost;
}

void ports_lost(struct ports *ports, struct ovnet_port *port)
{
	struct port_slot *slot = &ports->slot[port->id];

	if (slot->lost)
		return;
	slot->lost = true;
	/* On failure the old map stays and costs a busy worker until the port is back. */
	(void)ports_publish(ports);
	if (port->driver->lose != NULL)
		port->driver->lose(port);
	ports_retry_soon(ports);
}

/* What the old one counted goes on counting under its id. */
static void remember(struct ports *ports, struct ovnet_port *old)
{
	struct port_slot *slot = &ports->slot[old->id];
	struct ovnet_port_stats counted;

	ports_stats(ports, old, &counted);
	for (unsigned r = 0; r < OVNET_DROP_COUNT; r++)
		slot->former_drops[r] = ports_rx_drops(ports, old, r);
	slot->former = counted;
}

struct ovnet_port *ports_replace(struct ports *ports, struct ovnet_port *old,
	const struct ovnet_driver *driver, const struct ovnet_port_conf *conf, int *err)
{
	struct port_slot *slot = &ports->slot[old->id];
	struct ovnet_port *fresh = open_as(ports, old->id, driver, conf, err);

	if (fresh == NULL)
		return NULL;
	bool lost = slot->lost;
	slot->port = fresh;
	slot->lost = false;
	*err = ports_publish(ports);
	if (*err < 0) {
		slot->port = old;
		slot->lost = lost;
		ovnet_port_close(fresh);
		return NULL;
	}
	remember(ports, old);
	ovnet_rcu_defer(&ports->engine->shared.rcu, &old->rcu, ovnet_port_release);
	return fresh;
}

void ports_stats(const struct ports *ports, struct ovnet_port *port, struct ovnet_port_stats *out)
{
	const struct ovnet_port_stats *former = &ports->slot[port->id].former;

	port->driver->stats(port, out);
#define ADD(scope, member, ...) out->member += former->member;
	OVNET_DEVICE_COUNTERS(ADD)
#undef ADD
}

uint64_t ports_rx_drops(
	const struct ports *ports, const struct ovnet_port *port, enum ovnet_drop reason)
{
	uint64_t packets = ports->slot[port->id].former_drops[reason];

	for (unsigned q = 0; q < OVNET_MAX_QUEUES && port->queue[q] != NULL; q++)
		packets += port->queue[q]->rx_drops[reason];
	return packets;
}
