/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The port changes hands. By now every peer's route leads through the host device, packets to peers
 * go by the workers, and only what comes still goes by flannel's device.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "takeover/takeover.h"
#include "underlay/underlay.h"

OVNET_LOG_TYPE(takeover)

/* 0 or negative errno, logged. */
static int receive(struct takeover *t)
{
	if (!t->node->port_later)
		return 0;
	t->node->port_later = false;
	int rc = node_hold_port(t->node, NULL, &t->node->netconf);
	return rc < 0 ? rc : underlay_filter(t->underlay);
}

static int change_hands(struct takeover *t)
{
	bool port = t->node->port_later;
	struct takeover_count count;

	if (port)
		takeover_count_begin(&count, t);
	int64_t begin = monotonic_ns() / 1000;
	int rc = ovnet_flannel_devices_down(t->kernel, &t->found.layout);
	if (rc == 0)
		rc = receive(t);
	int64_t us = monotonic_ns() / 1000 - begin;
	uint64_t lost = port ? takeover_count_end(&count, t) : 0;
	if (rc < 0) {
		LOG(ERR,
			"ovnet cannot receive in the place of %s, which is down (%s): "
			"nothing of the overlay arrives here until ovnetd is started again",
			t->former, strerror(-rc));
		return rc;
	}
	if (port)
		LOG(NOTICE,
			"UDP port %u went from %s to ovnet in %" PRId64 ".%" PRId64
			" ms; packets lost by that, coming in: %" PRIu64 " at most",
			t->node->netconf.port, t->former, us / 1000, us % 1000 / 100, lost);
	return 0;
}

static void remove_rest(struct takeover *t)
{
	const struct ovnet_flannel_device *d = t->found.layout.device;
	char what[512];

	takeover_describe(&t->found, what, sizeof(what));
	if (t->found.n_direct > 0) {
		unsigned n = ovnet_flannel_direct_remove(t->kernel, &t->found.layout);
		LOG(NOTICE,
			"of %u routes by way of peers ours took the place of %u, and %u "
			"for which there is no lease were removed",
			t->found.n_direct, t->found.n_direct - n, n);
	}
	if ((d[0].ifindex != 0 || d[1].ifindex != 0) &&
		ovnet_flannel_devices_remove(t->kernel, &t->found.layout) == 0)
		LOG(NOTICE, "removed %s", what);
}

int takeover_swap(struct takeover *t)
{
	const struct ovnet_flannel_device *d = t->found.layout.device;
	const struct ovnet_flannel_device *one = d[0].ifindex != 0 ? &d[0] : &d[1];

	memcpy(t->former, one->name, sizeof(t->former));
	LOG(NOTICE, "every peer is reached by ovnet");
	int rc = one->ifindex != 0 ? change_hands(t) : 0;
	if (rc < 0)
		return rc;
	remove_rest(t);
	t->pending = false;
	ovnet_flannel_found_free(&t->found);
	return 0;
}

/*
 * A flanneld that was not to be seen (another name, another PID namespace) makes its device anew
 * (v0.27.4 and later).
 */
void takeover_check(struct takeover *t)
{
	char name[16];
	struct ovnet_link link;

	if (t->pending || !node_has(t->node, NODE_READY) ||
		t->node->netconf.backend != OVNET_BACKEND_VXLAN)
		return;
	ovnet_flannel_device_name(name, AF_INET, t->node->netconf.vni);
	if (strcmp(name, t->node->conf->host.device) == 0)
		return; /* an operator's choice */
	if (ovnet_kernel_link_by_name(t->kernel, name, &link) == 0)
		warn_set(t->warnings, "flanneld",
			"there is a device %s, though ovnet has its place: is a flanneld at work "
			"here? stop it (systemctl stop flanneld), and ip link delete %s",
			name, name);
	else
		warn_clear(t->warnings, "flanneld");
}
