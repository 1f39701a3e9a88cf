/* SPDX-License-Identifier: BSD-3-Clause */
#include "stopping.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon.h"
#include "kernel/firewall.h"
#include "kernel/host_device.h"

OVNET_LOG_TYPE(daemon)

static void on_prepared(void *arg)
{
	daemon_exit(arg, EXIT_SUCCESS);
}

int stopping_hand_over(struct daemon *d, char *err, size_t size)
{
	return handover_begin(&d->handover, d->lease, err, size);
}

void stopping_ordered(struct daemon *d, const char *why)
{
	char err[512];

	if (d->handover.phase != HANDOVER_NONE) {
		LOG(NOTICE,
			"%s: stopping at once; the node is not handed over, lease, host device "
			"and routes stay",
			why);
		handover_cancel(&d->handover);
		daemon_exit(d, EXIT_SUCCESS);
		return;
	}
	if (d->conf.node.on_stop == CONF_STOP_KERNEL) {
		LOG(NOTICE, "%s: stopping (node.on-stop = \"kernel\")", why);
		if (stopping_hand_over(d, err, sizeof(err)) == 0)
			return;
		LOG(ERR, "the node is not handed over: %s; lease, host device and routes stay",
			err);
	} else if (d->conf.node.on_stop == CONF_STOP_REMOVE) {
		LOG(NOTICE, "%s: stopping; the lease stays, host device, routes and rules go", why);
		d->takes_away = true;
	} else {
		LOG(NOTICE, "%s: stopping; lease, host device and routes stay", why);
	}
	daemon_exit(d, EXIT_SUCCESS);
}

int stopping_init(struct daemon *d)
{
	d->handover = (struct handover){
		.kernel = d->kernel,
		.node = &d->node,
		.underlay = &d->underlay,
		.peers = &d->peers,
		.host = &d->host,
		.prepared = on_prepared,
		.arg = d,
	};
	return handover_init(&d->handover, d->base);
}

/* There may be 65,536 routes. */
static void report(void *arg, const char *what)
{
	(void)arg;
	if (strncmp(what, "route ", strlen("route ")) == 0)
		LOG(DEBUG, "removed: %s", what);
	else
		LOG(INFO, "removed: %s", what);
}

/* Where it was handed over, masquerade and FORWARD rules serve the kernel's path as well. */
void stopping_fini(struct daemon *d)
{
	int rc = handover_carry_out(&d->handover);

	/* Who watches over us may start us again: that is better than nobody forwarding. */
	if (rc < 0)
		d->exit_code = EXIT_FAILURE;
	if (d->handover.phase == HANDOVER_OVER || d->takes_away)
		(void)ovnet_kernel_take_away(d->conf.host.device, report, NULL); /* logged */
	if (d->takes_away && rc == 0)
		(void)ovnet_firewall_cleanup(false, report, NULL); /* logged */
	handover_fini(&d->handover);
}
