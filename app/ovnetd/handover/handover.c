/* SPDX-License-Identifier: BSD-3-Clause */
#include "handover/handover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

OVNET_LOG_TYPE(handover)

#define SLICE 512 /* peers in one turn of the loop: some milliseconds of netlink */

static int refuse(char *err, size_t size, int rc, const char *why)
{
	snprintf(err, size, "%s", why);
	return rc;
}

/* Only what is certain: nobody would follow the tree afterwards. */
static int check_lease(
	struct handover *h, const struct ovnet_lease_client *lease, char *err, size_t size)
{
	struct ovnet_lease_status status;
	struct ovnet_lease_own own;

	if (h->worker == NULL || lease == NULL)
		return refuse(err, size, -EAGAIN, "the daemon is starting or stopping");
	ovnet_lease_client_status(lease, &status);
	if (!node_has(h->node, NODE_READY) || !node_has_lease(h->node) ||
		!ovnet_lease_client_own(lease, &own))
		return refuse(err, size, -ENOENT, "this node has no lease: see ovnetctl status");
	if (!own.held)
		return refuse(err, size, -ESTALE,
			"this node's subnet is another node's by now: see ovnetctl lease");
	if (own.expires_at != 0 && own.expires_at <= (int64_t)time(NULL))
		return refuse(err, size, -ESTALE,
			"this node's lease has run out, and etcd did not answer since: whose the "
			"subnet is, is not known");
	if (!node_has(h->node, NODE_SYNCED) && !status.stale)
		return refuse(err, size, -EAGAIN,
			"the other nodes are not known yet: see ovnetctl status");
	h->lease_ends = own.expires_at;
	return 0;
}

static void again(struct handover *h)
{
	static const struct timeval now = {0};

	if (event_add(h->worker, &now) == 0)
		return;
	LOG(ERR, "no timer, no memory: the rest is entered at once");
	ovnet_flannel_peers_set(h->kernel, &h->layout, h->at, h->layout.n_peers);
	h->phase = HANDOVER_PREPARED;
	h->prepared(h->arg);
}

static void work(evutil_socket_t fd, short what, void *arg)
{
	struct handover *h = arg;

	(void)fd;
	(void)what;
	ovnet_flannel_peers_set(h->kernel, &h->layout, h->at, SLICE);
	h->at += SLICE;
	if (h->at < h->layout.n_peers) {
		again(h);
		return;
	}
	h->phase = HANDOVER_PREPARED;
	h->prepared(h->arg);
}

int handover_init(struct handover *h, struct event_base *base)
{
	h->worker = event_new(base, -1, 0, work, h);
	return h->worker != NULL ? 0 : -ENOMEM;
}

void handover_cancel(struct handover *h)
{
	if (h->phase == HANDOVER_PREPARING || h->phase == HANDOVER_PREPARED)
		(void)ovnet_flannel_devices_remove(h->kernel, &h->layout); /* logged */
	h->phase = HANDOVER_NONE;
	if (h->worker != NULL)
		(void)event_del(h->worker);
}

void handover_fini(struct handover *h)
{
	handover_cancel(h);
	if (h->worker != NULL)
		event_free(h->worker);
	h->worker = NULL;
	ovnet_flannel_layout_free(&h->layout);
}

int handover_begin(
	struct handover *h, const struct ovnet_lease_client *lease, char *err, size_t size)
{
	if (h->phase != HANDOVER_NONE)
		return refuse(err, size, -EALREADY, "the node is being handed over already");
	int rc = check_lease(h, lease, err, size);
	if (rc < 0)
		return rc;
	rc = handover_layout(h, &h->layout, err, size);
	if (rc == 0) {
		rc = ovnet_flannel_devices_make(h->kernel, &h->layout);
		if (rc < 0)
			snprintf(err, size, "%s cannot be made (%s), the log says why",
				h->layout.device[0].name, strerror(-rc));
	}
	if (rc < 0) {
		ovnet_flannel_layout_free(&h->layout);
		return rc;
	}
	LOG(NOTICE, "handing this node over to the kernel: %u peers", h->layout.n_peers);
	h->phase = HANDOVER_PREPARING;
	h->at = 0;
	again(h);
	return 0;
}

void handover_silent(struct handover *h)
{
	h->silent_from = monotonic_ns();
}

static void tell(const struct handover *h)
{
	const char *name = h->layout.device[0].name;
	int64_t left = h->lease_ends - (int64_t)time(NULL);

	LOG(NOTICE,
		"handed over to the kernel: %s%s%u peers, %u not taken; %" PRId64
		" ms without forwarding",
		name, name[0] != '\0' ? ", " : "", h->layout.n_peers, h->layout.refused,
		h->silent_from != 0 ? (monotonic_ns() - h->silent_from) / 1000000 : 0);
	if (h->lease_ends != 0)
		LOG(NOTICE,
			"nobody renews the lease or follows other nodes from here on: it ends in "
			"%" PRId64 " h %" PRId64 " min, start flanneld or ovnetd before that",
			left / 3600, left / 60 % 60);
}

int handover_carry_out(struct handover *h)
{
	if (h->phase != HANDOVER_PREPARED)
		return h->phase == HANDOVER_NONE ? 0 : -ECANCELED;
	int rc = ovnet_flannel_devices_up(h->kernel, &h->layout);
	if (rc < 0) {
		LOG(ERR, "the node is not handed over: lease, host device and routes stay");
		return rc;
	}
	ovnet_flannel_routes_set(h->kernel, &h->layout, 0, h->layout.n_peers);
	h->phase = HANDOVER_OVER;
	tell(h);
	return 0;
}
