/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/port.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "port/driver_int.h"

OVNET_LOG_TYPE(port)

static uint8_t generations[OVNET_MAX_PORTS]; /* of the last port of each id */

static int check(uint16_t id, const struct ovnet_port_conf *conf)
{
	if (conf->name == NULL || conf->name[0] == '\0' ||
		strlen(conf->name) >= sizeof(((struct ovnet_port *)NULL)->name)) {
		LOG(ERR, "port '%s': a name has 1 to 31 characters",
			conf->name != NULL ? conf->name : "");
		return -EINVAL;
	}
	if (id >= OVNET_MAX_PORTS) {
		LOG(ERR, "port '%s': all %u port ids are taken, remove a port first", conf->name,
			OVNET_MAX_PORTS);
		return -ENOSPC;
	}
	if (conf->pool == NULL || rte_pktmbuf_priv_size(conf->pool) < sizeof(struct ovnet_meta)) {
		LOG(ERR, "port '%s': the packet pool has no room for ovnet's metadata", conf->name);
		return -EINVAL;
	}
	return 0;
}

static void release(struct ovnet_port *port)
{
	for (unsigned i = 0; i < OVNET_MAX_QUEUES; i++)
		free(port->queue[i]);
	free(port);
}

struct ovnet_port *ovnet_port_open(const struct ovnet_driver *driver, uint16_t id,
	const struct ovnet_port_conf *conf, int *err)
{
	*err = check(id, conf);
	if (*err < 0)
		return NULL;

	/* Workers read it: no line in common with what the control thread writes. */
	size_t size = RTE_ALIGN_CEIL(sizeof(struct ovnet_port), (size_t)RTE_CACHE_LINE_SIZE);
	struct ovnet_port *port = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
	if (port == NULL) {
		LOG(ERR, "port '%s': out of memory", conf->name);
		*err = -ENOMEM;
		return NULL;
	}
	memset(port, 0, size);
	port->driver = driver;
	port->id = id;
	port->generation = ++generations[id];
	port->role = conf->role;
	port->local = conf->local;
	port->local6 = conf->local6;
	atomic_init(&port->twin, OVNET_PORT_NONE);
	strcpy(port->name, conf->name);
	port->vlan = conf->vlan;
	port->n_workers = conf->n_workers;
	memcpy(port->workers, conf->workers, sizeof(port->workers));
	*err = driver->open(port, conf);
	if (*err < 0) {
		release(port);
		return NULL;
	}
	LOG(INFO, "port '%s': %s, %u rx and %u tx queues, MTU %u", port->name, driver->name,
		port->n_rxq, port->n_txq, port->mtu);
	return port;
}

void ovnet_port_close(struct ovnet_port *port)
{
	if (port == NULL)
		return;
	port->driver->close(port);
	LOG(INFO, "port '%s': closed", port->name);
	release(port);
}

void ovnet_port_release(struct ovnet_rcu_head *head)
{
	ovnet_port_close((void *)((char *)head - offsetof(struct ovnet_port, rcu)));
}

void *ovnet_driver_queue_new(struct ovnet_port *port, uint16_t id, size_t size)
{
	size_t whole = RTE_ALIGN_CEIL(size, (size_t)RTE_CACHE_LINE_SIZE);
	struct ovnet_port_queue *q = aligned_alloc(RTE_CACHE_LINE_SIZE, whole);

	if (q == NULL) {
		LOG(ERR, "port '%s': out of memory for queue %u", port->name, id);
		return NULL;
	}
	memset(q, 0, whole);
	q->port = port;
	q->id = id;
	port->queue[id] = q;
	return q;
}

/* FNV-1a, folded to what a MAC address has. */
struct ovnet_mac ovnet_driver_made_mac(const char *port_name)
{
	uint64_t hash = 0xcbf29ce484222325;
	struct ovnet_mac mac;

	for (const char *c = port_name; *c != '\0'; c++)
		hash = (hash ^ (uint8_t)*c) * 0x100000001b3;
	hash ^= hash >> 48;
	for (unsigned i = 0; i < sizeof(mac.b); i++)
		mac.b[i] = (uint8_t)(hash >> 8 * i);
	mac.b[0] = (uint8_t)((mac.b[0] & ~3) | 2);
	return mac;
}

enum ovnet_drop ovnet_driver_tx_verdict(int error)
{
	switch (error) {
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
	case EBUSY:
	case EINTR:
		return OVNET_DROP_TX_FULL;
	case EIO:
	case ENODEV:
	case ENXIO:
	case ENETDOWN:
	case EBADFD:
		return OVNET_DROP_TX_DOWN;
	default:
		return OVNET_DROP_TX_REFUSED;
	}
}
