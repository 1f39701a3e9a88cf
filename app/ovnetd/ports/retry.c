/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports whose device went away while the daemon runs: a NIC that was unplugged, a host device
 * somebody deleted. The port leaves the queue map, because its fds would keep the workers awake,
 * and stays as it is otherwise until there is a device again.
 */
#include "ports/retry.h"

#include <errno.h>

#include "base/log.h"
#include "ports/ports.h"

OVNET_LOG_TYPE(ports)

#define LOOK_MS     500   /* for a device that is not there */
#define MAX_WAIT_MS 30000 /* after a device that does not open, doubled each time */

static void arm(struct ports *ports, uint32_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};

	if (event_add(ports->timer, &tv) < 0)
		LOG(ERR, "no timer, no memory: ports are not looked after; restart ovnetd");
}

/* Asks each owner once. *failed: one of them could not, though the device is there. */
static bool any_lost(struct ports *ports, bool *failed)
{
	bool lost = false;

	for (unsigned i = 0; i < ports->n; i++) {
		struct port_slot *slot = ports->slot[i];
		if (slot == NULL || slot->closing || !slot->lost || slot->owner.reopen == NULL)
			continue;
		int rc = slot->owner.reopen(slot->owner.arg, slot->port);
		*failed = *failed || (rc < 0 && rc != -EAGAIN);
		lost = lost || slot->lost;
	}
	return lost;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct ports *ports = arg;
	bool failed = false;

	(void)fd;
	(void)what;
	if (!any_lost(ports, &failed))
		return;
	ports->wait_ms = failed ? RTE_MIN(2 * ports->wait_ms, (uint32_t)MAX_WAIT_MS) : LOOK_MS;
	arm(ports, ports->wait_ms);
}

int ports_retry_init(struct ports *ports)
{
	ports->timer = event_new(ports->engine->base, -1, 0, on_timer, ports);
	return ports->timer != NULL ? 0 : -ENOMEM;
}

void ports_retry_fini(struct ports *ports)
{
	if (ports->timer != NULL)
		event_free(ports->timer);
	ports->timer = NULL;
}

void ports_retry_soon(struct ports *ports)
{
	ports->wait_ms = LOOK_MS;
	arm(ports, 0);
}
