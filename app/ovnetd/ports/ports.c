/* SPDX-License-Identifier: BSD-3-Clause */
#include "ports/ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter_table.h"
#include "base/log.h"
#include "engine/totals.h"
#include "path/guest.h"
#include "ports/changes.h"
#include "ports/retry.h"

OVNET_LOG_TYPE(ports)

int ports_init(struct ports *ports, struct engine *engine)
{
	*ports = (struct ports){.engine = engine, .notify_fd = -1};
	int rc = ports_retry_init(ports);
	return rc < 0 ? rc : ports_changes_init(ports, ports_publish);
}

void ports_fini(struct ports *ports)
{
	if (ports->engine == NULL)
		return;
	ports_retry_fini(ports);
	ports_changes_stop(ports);
	ovnet_queue_map_free(
		(struct ovnet_queue_map *)atomic_exchange(&ports->engine->shared.map, NULL));
	while (ports->n > 0) {
		struct port_slot *slot = ports->slot[--ports->n];
		/* Those that close already are the RCU queue's. */
		if (slot == NULL || slot->closing)
			continue;
		ports->slot[ports->n] = NULL;
		ovnet_port_close(slot->port);
		free(slot);
	}
	ports_changes_fini(ports);
}

struct ovnet_port *ports_at(const struct ports *ports, uint16_t id)
{
	const struct port_slot *slot = id < ports->n ? ports->slot[id] : NULL;

	return slot != NULL && !slot->closing ? slot->port : NULL;
}

static struct ovnet_port *open_as(struct ports *ports, uint16_t id,
	const struct ovnet_driver *driver, const struct ovnet_port_conf *conf, int *err)
{
	struct ovnet_port_conf full = *conf;

	full.pool = ports->engine->pool;
	full.rcu = &ports->engine->shared.rcu;
	full.notify_fd = ports->notify_fd;
	return ovnet_port_open(driver, id, &full, err);
}

static uint16_t lowest_free(const struct ports *ports)
{
	uint16_t id = 0;

	while (id < ports->n && ports->slot[id] != NULL)
		id++;
	return id;
}

static struct port_slot *slot_new(struct ports *ports, const char *name, int *err)
{
	if (lowest_free(ports) == OVNET_MAX_PORTS) {
		LOG(ERR, "no room for port '%s': there are %u already, remove one", name,
			OVNET_MAX_PORTS);
		*err = -ENOSPC;
		return NULL;
	}
	struct port_slot *slot = calloc(1, sizeof(*slot));
	if (slot == NULL) {
		LOG(ERR, "no memory for port '%s'", name);
		*err = -ENOMEM;
		return NULL;
	}
	slot->ports = ports;
	return slot;
}

struct ovnet_port *ports_open(struct ports *ports, const struct ovnet_driver *driver,
	const struct ovnet_port_conf *conf, const struct port_owner *owner, int *err)
{
	struct port_slot *slot = slot_new(ports, conf->name, err);

	if (slot == NULL)
		return NULL;
	uint16_t id = lowest_free(ports);
	slot->port = open_as(ports, id, driver, conf, err);
	if (slot->port == NULL) {
		free(slot);
		return NULL;
	}
	if (owner != NULL)
		slot->owner = *owner;
	slot->before = totals_port(ports->engine, id);
	ports->slot[id] = slot;
	ports->n = RTE_MAX(ports->n, (uint16_t)(id + 1));
	return slot->port;
}

static void on_unused(struct ovnet_rcu_head *head)
{
	struct port_slot *slot = (struct port_slot *)head;
	struct ports *ports = slot->ports;
	const struct port_owner owner = slot->owner;
	char name[sizeof(slot->port->name)];

	memcpy(name, slot->port->name, sizeof(name));
	ports->slot[slot->port->id] = NULL;
	while (ports->n > 0 && ports->slot[ports->n - 1] == NULL)
		ports->n--;
	ovnet_port_close(slot->port);
	free(slot);
	if (owner.closed != NULL)
		owner.closed(owner.arg, name);
}

int ports_close(struct ports *ports, struct ovnet_port *port)
{
	struct port_slot *slot = ports->slot[port->id];

	slot->closing = true;
	int rc = ports_publish(ports);
	if (rc < 0) {
		slot->closing = false;
		return rc;
	}
	/* Its id is another port's soon. */
	ovnet_guest_publish(&ports->engine->shared, port->id, NULL);
	ovnet_rcu_defer(&ports->engine->shared.rcu, &slot->rcu, on_unused);
	return 0;
}

int ports_publish(struct ports *ports)
{
	struct ovnet_path_shared *s = &ports->engine->shared;
	struct ovnet_port *live[OVNET_MAX_PORTS];

	for (uint16_t i = 0; i < ports->n; i++)
		live[i] =
			ports->slot[i] != NULL && ports->slot[i]->lost ? NULL : ports_at(ports, i);
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

int ports_move_queue(struct ports *ports, struct ovnet_port *port, uint16_t queue, uint16_t worker)
{
	int rc = ovnet_queue_move(port->queue[queue], worker);

	return rc < 0 ? rc : ports_publish(ports);
}

bool ports_is_lost(const struct ports *ports, const struct ovnet_port *port)
{
	return ports->slot[port->id]->lost;
}

void ports_lost(struct ports *ports, struct ovnet_port *port)
{
	struct port_slot *slot = ports->slot[port->id];

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
	struct port_slot *slot = ports->slot[old->id];
	struct ovnet_port_stats counted;

	ports_stats(ports, old, &counted);
	for (unsigned r = 0; r < OVNET_DROP_COUNT; r++)
		slot->former_drops[r] = ports_rx_drops(ports, old, r);
	for (uint16_t q = 0; q < OVNET_MAX_QUEUES && old->queue[q] != NULL; q++)
		slot->former_queue[q] = ports_queue(ports, old, q);
	slot->former = counted;
}

struct ovnet_port *ports_replace(struct ports *ports, struct ovnet_port *old,
	const struct ovnet_driver *driver, const struct ovnet_port_conf *conf, int *err)
{
	struct port_slot *slot = ports->slot[old->id];
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

struct ovnet_port_counters ports_packets(const struct ports *ports, const struct ovnet_port *port)
{
	const struct ovnet_port_counters *before = &ports->slot[port->id]->before;
	struct ovnet_port_counters sum = totals_port(ports->engine, port->id);

#define LESS(scope, member, ...) sum.member -= before->member;
	OVNET_PORT_COUNTERS(LESS)
#undef LESS
	return sum;
}

void ports_stats(const struct ports *ports, struct ovnet_port *port, struct ovnet_port_stats *out)
{
	const struct ovnet_port_stats *former = &ports->slot[port->id]->former;

	port->driver->stats(port, out);
#define ADD(scope, member, ...) out->member += former->member;
	OVNET_DEVICE_COUNTERS(ADD)
#undef ADD
}

uint64_t ports_rx_drops(
	const struct ports *ports, const struct ovnet_port *port, enum ovnet_drop reason)
{
	uint64_t packets = ports->slot[port->id]->former_drops[reason];

	for (unsigned q = 0; q < OVNET_MAX_QUEUES && port->queue[q] != NULL; q++)
		packets += port->queue[q]->rx_drops[reason];
	return packets;
}

struct ports_queue_counters ports_queue(
	const struct ports *ports, const struct ovnet_port *port, uint16_t queue)
{
	struct ports_queue_counters sum = ports->slot[port->id]->former_queue[queue];
	const struct ovnet_port_queue *q = port->queue[queue];

#define ADD(scope, member, ...) sum.member += q->packets.member;
	OVNET_PORT_COUNTERS(ADD)
#undef ADD
	for (unsigned r = 0; r < OVNET_DROP_COUNT; r++)
		sum.rx_drops += q->rx_drops[r];
	return sum;
}
