/* SPDX-License-Identifier: BSD-3-Clause */
#include "ports/changes.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "ports/ports.h"

OVNET_LOG_TYPE(ports)

/*
 * A guest that starts says several things at once; and one that comes and goes as fast as it can
 * shall not keep us and the workers busy with queue maps.
 */
#define GATHER_MS 20
#define LOOK_MS   5000

static void ask_in(struct ports *ports, uint32_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};

	if (event_add(ports->ask, &tv) < 0)
		LOG(ERR, "no timer, no memory: what guests change is not seen; restart ovnetd");
}

static void on_notified(evutil_socket_t fd, short what, void *arg)
{
	struct ports *ports = arg;
	eventfd_t n;

	(void)what;
	(void)eventfd_read((int)fd, &n);
	if (ports->soon)
		return;
	ports->soon = true;
	ask_in(ports, GATHER_MS);
}

static void on_ask(evutil_socket_t fd, short what, void *arg)
{
	struct ports *ports = arg;
	bool changed = false;

	(void)fd;
	(void)what;
	ports->soon = false;
	for (uint16_t id = 0; id < ports->n; id++) {
		const struct port_slot *slot = ports->slot[id];
		if (slot == NULL || slot->closing || slot->port->driver->changed == NULL)
			continue;
		changed = slot->port->driver->changed(slot->port) || changed;
	}
	if (changed)
		(void)ports->publish(ports); /* logged; the former map stays */
	ask_in(ports, LOOK_MS);
}

int ports_changes_init(struct ports *ports, int (*publish)(struct ports *ports))
{
	struct event_base *base = ports->engine->base;

	ports->publish = publish;
	ports->notify_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (ports->notify_fd < 0) {
		int err = -errno;
		LOG(ERR, "no eventfd for what ports change: %s", strerror(-err));
		return err;
	}
	ports->notified =
		event_new(base, ports->notify_fd, EV_READ | EV_PERSIST, on_notified, ports);
	ports->ask = event_new(base, -1, 0, on_ask, ports);
	if (ports->notified == NULL || ports->ask == NULL || event_add(ports->notified, NULL) < 0) {
		LOG(ERR, "no memory for what ports change");
		return -ENOMEM;
	}
	ask_in(ports, LOOK_MS);
	return 0;
}

void ports_changes_stop(struct ports *ports)
{
	if (ports->notified != NULL)
		event_free(ports->notified);
	if (ports->ask != NULL)
		event_free(ports->ask);
	ports->notified = ports->ask = NULL;
}

void ports_changes_fini(struct ports *ports)
{
	if (ports->notify_fd >= 0)
		close(ports->notify_fd);
	ports->notify_fd = -1;
}
