/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/attach_routes.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/prefix_list.h"

OVNET_LOG_TYPE(host)

#define BATCH        64
#define SLICE_NS     2000000 /* of work in one turn of the loop */
#define MAX_GATEWAYS 4096    /* the kernel's cost of gateways grows with their square */

static int by_prefix(const void *a, const void *b)
{
	const struct ovnet_addr first = ovnet_prefix_first(a), other = ovnet_prefix_first(b);
	int order = ovnet_addr_compare(&first, &other);

	return order != 0 ? order : (int)ovnet_prefix_len(a) - (int)ovnet_prefix_len(b);
}

static struct attach_route *find(const struct attach_routes *r, const struct ovnet_prefix *dst)
{
	return r->n == 0 ? NULL : bsearch(dst, r->items, r->n, sizeof(*r->items), by_prefix);
}

static void kick(struct attach_routes *r)
{
	static const struct timeval now = {0};

	r->at = 0;
	if (!event_pending(r->worker, EV_TIMEOUT, NULL) && event_add(r->worker, &now) < 0)
		LOG(ERR, "no timer, no memory: routes to attach ports change at the next event");
}

/* One that is down takes no routes, and has lost those it had. */
static bool can_route(const struct attach_routes *r)
{
	return r->host->port != NULL && !r->host->down;
}

static void warn(const struct attach_routes *r)
{
	const struct attach_route *first = NULL;
	char text[OVNET_PREFIX_STRLEN];
	unsigned n = 0;

	for (unsigned i = 0; i < r->n; i++)
		if (r->items[i].state == ATTACH_ROUTE_REFUSED && n++ == 0)
			first = &r->items[i];
	if (n == 0) {
		warn_clear(r->node->warnings, "attach-routes");
		return;
	}
	ovnet_prefix_text(&first->dst, text, sizeof(text));
	warn_set(r->node->warnings, "attach-routes",
		"%u of %u prefixes of attach ports have no route by %s, %s for one (%s): this "
		"node, its pods and the world do not reach them; trying again",
		n, r->n, r->node->conf->host.device, text,
		first->rc == -EEXIST ? "somebody else's is there, `ip route` shows it: remove it"
				     : strerror(-first->rc));
}

static void take_outcome(struct attach_routes *r, struct attach_route *item, int rc)
{
	if (!item->wanted) {
		/* One that stays is removed by the next check. */
		if (rc == 0)
			item->state = ATTACH_ROUTE_NEW;
		return;
	}
	r->put_back += rc == 0 && item->missed;
	item->state = rc < 0 ? ATTACH_ROUTE_REFUSED : ATTACH_ROUTE_MADE;
	item->rc = rc;
	item->missed = false;
	item->seen = r->check; /* one under way may have passed its place */
}

static bool has_work(const struct attach_route *item)
{
	return item->wanted ? item->state == ATTACH_ROUTE_NEW : item->state == ATTACH_ROUTE_MADE;
}

static void work_batch(struct attach_routes *r)
{
	struct ovnet_host_route_change changes[BATCH];
	struct attach_route *of[BATCH];
	unsigned n = 0;

	for (; n < BATCH && r->at < r->n; r->at++) {
		struct attach_route *item = &r->items[r->at];
		if (!has_work(item))
			continue;
		of[n] = item;
		changes[n++] =
			(struct ovnet_host_route_change){.subnet = item->dst, .set = item->wanted};
	}
	ovnet_port_routes_change(
		r->kernel, r->host->port->ifindex, r->n <= MAX_GATEWAYS, changes, n);
	for (unsigned i = 0; i < n; i++)
		take_outcome(r, of[i], changes[i].rc);
}

static void forget_unwanted(struct attach_routes *r)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < r->n; i++)
		if (r->items[i].wanted)
			r->items[kept++] = r->items[i];
	r->n = r->at = kept;
}

static void work(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval next = {0};
	struct attach_routes *r = arg;
	int64_t end = monotonic_ns() + SLICE_NS;

	(void)fd, (void)what;
	while (can_route(r) && r->at < r->n) {
		if (monotonic_ns() > end && event_add(r->worker, &next) == 0)
			return;
		work_batch(r);
	}
	forget_unwanted(r); /* of a device that is gone, too: it took its routes along */
	if (r->put_back > 0)
		LOG(WARN, "%u of our routes to attach ports were removed by somebody: put back",
			r->put_back);
	r->put_back = 0;
	warn(r);
}

/* Both in order. What there is stays as it is. */
static unsigned merge(struct attach_route *out, const struct attach_routes *r,
	const struct ovnet_prefix *addrs, unsigned n)
{
	unsigned at = 0, i = 0, j = 0;

	while (i < r->n || j < n) {
		int order = i == r->n ? 1 : j == n ? -1 : by_prefix(&r->items[i], &addrs[j]);
		if (order <= 0)
			out[at] = r->items[i++];
		else
			out[at] = (struct attach_route){.dst = addrs[j]};
		out[at++].wanted = order >= 0;
		j += order >= 0;
		while (j > 0 && j < n && by_prefix(&addrs[j - 1], &addrs[j]) == 0)
			j++;
	}
	return at;
}

int attach_routes_want(struct attach_routes *r, const struct ovnet_prefix *addrs, unsigned n)
{
	if (r->n == 0 && n == 0)
		return 0;
	struct ovnet_prefix *sorted = calloc(n + 1u, sizeof(*sorted));
	struct attach_route *items = calloc(r->n + n, sizeof(*items));
	if (sorted == NULL || items == NULL) {
		free(sorted);
		free(items);
		return -ENOMEM;
	}
	if (n > 0)
		memcpy(sorted, addrs, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_prefix);
	n = merge(items, r, sorted, n);
	free(sorted);
	free(r->items);
	r->items = items;
	r->n = n;
	kick(r);
	return 0;
}

void attach_routes_set_all(struct attach_routes *r)
{
	for (unsigned i = 0; i < r->n; i++)
		r->items[i].state = ATTACH_ROUTE_NEW;
	if (r->n > 0)
		kick(r);
}

static bool keep(void *arg, const struct ovnet_prefix *subnet)
{
	struct attach_routes *r = arg;
	struct attach_route *item = find(r, subnet);

	if (item == NULL || !item->wanted)
		return r->other.keep(r->other.arg, subnet);
	item->seen = r->check;
	return true;
}

static void on_checked(void *arg, int err)
{
	struct attach_routes *r = arg;

	for (unsigned i = 0; i < r->n; i++) {
		struct attach_route *item = &r->items[i];
		bool missed =
			err == 0 && item->state == ATTACH_ROUTE_MADE && item->seen != r->check;
		if (missed || item->state == ATTACH_ROUTE_REFUSED)
			item->state = ATTACH_ROUTE_NEW;
		item->missed = item->missed || missed;
	}
	if (r->n > 0)
		kick(r);
	r->other.done(r->other.arg, err);
}

int attach_routes_check(struct attach_routes *r,
	bool (*keep_other)(void *arg, const struct ovnet_prefix *subnet),
	void (*done)(void *arg, int err), void *arg)
{
	int rc = ovnet_host_routes_check(r->kernel, r->host->port->ifindex, keep, on_checked, r);

	if (rc < 0)
		return rc;
	r->check++;
	r->other.keep = keep_other;
	r->other.done = done;
	r->other.arg = arg;
	return 0;
}

static bool keep_outside(void *arg, const struct ovnet_prefix *subnet)
{
	const struct attach_routes *r = arg;
	const struct ovnet_prefix own = ovnet_prefix_from4(&r->node->own.subnet);
	const struct ovnet_prefix own6 = ovnet_prefix_from6(&r->node->own.subnet6);

	return !ovnet_prefix_covers(&own, subnet) &&
	       !(r->node->own.has_v6 && ovnet_prefix_covers(&own6, subnet));
}

static void on_alone(void *arg, int err)
{
	(void)arg, (void)err; /* the next is seconds away */
}

void attach_routes_check_alone(struct attach_routes *r)
{
	if (can_route(r) && node_has(r->node, NODE_READY))
		(void)attach_routes_check(r, keep_outside, on_alone, r); /* logged */
}

int attach_routes_init(struct attach_routes *r, struct ovnet_kernel *kernel,
	const struct host *host, struct event_base *base)
{
	*r = (struct attach_routes){.kernel = kernel, .host = host, .node = host->node};
	r->worker = event_new(base, -1, 0, work, r);
	return r->worker != NULL ? 0 : -ENOMEM;
}

void attach_routes_fini(struct attach_routes *r)
{
	if (r->worker != NULL)
		event_free(r->worker);
	free(r->items);
	*r = (struct attach_routes){0};
}
