/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/proxies.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/prefix_list.h"

OVNET_LOG_TYPE(host)

#define BATCH    64
#define SLICE_NS 2000000 /* of work in one turn of the loop */

/* What comes at once is compared once. */
static const struct timeval soon = {.tv_usec = 20000};

static void kick(struct proxies *p)
{
	if (!event_pending(p->worker, EV_TIMEOUT, NULL) && event_add(p->worker, &soon) < 0)
		LOG(ERR, "no timer, no memory: proxy entries change with the next check");
}

/* In order; the caller frees it. NULL: no memory. */
static struct ovnet_proxy *wanted(const struct proxies *p, unsigned *n)
{
	struct ovnet_proxy *all = calloc((size_t)p->n_bridges * p->n + 1, sizeof(*all));

	*n = 0;
	for (unsigned b = 0; all != NULL && b < p->n_bridges; b++)
		for (unsigned i = 0; i < p->n; i++)
			if (p->bridge[b].has[p->addrs[i].family == AF_INET6])
				all[(*n)++] = (struct ovnet_proxy){
					p->bridge[b].ifindex, p->addrs[i], true};
	return all;
}

/* Others' entries do as well as ours, and stay. */
static void differ(struct proxies *p, const struct ovnet_proxy *want, unsigned n_want,
	const struct ovnet_proxy *have, unsigned n_have)
{
	unsigned i = 0, j = 0;

	while (i < n_want || j < n_have) {
		int order = i == n_want   ? 1
			    : j == n_have ? -1
					  : ovnet_proxy_compare(&want[i], &have[j]);
		if (order < 0)
			p->changes[p->n_changes++] =
				(struct ovnet_proxy_change){.proxy = want[i], .set = true};
		else if (order > 0 && have[j].ours)
			p->changes[p->n_changes++] =
				(struct ovnet_proxy_change){.proxy = have[j], .set = false};
		i += order <= 0;
		j += order >= 0;
	}
}

static void compare(struct proxies *p)
{
	struct ovnet_proxy *have, *want;
	int n_have = ovnet_kernel_proxies(p->kernel, &have);
	unsigned n_want;

	free(p->changes);
	p->changes = NULL;
	p->n_changes = p->at = 0;
	if (n_have < 0)
		return; /* logged; the check comes again */
	want = wanted(p, &n_want);
	if (want != NULL)
		p->changes = calloc(n_want + (unsigned)n_have + 1, sizeof(*p->changes));
	if (p->changes != NULL) {
		if (n_have > 0)
			qsort(have, (size_t)n_have, sizeof(*have), ovnet_proxy_compare);
		differ(p, want, n_want, have, (unsigned)n_have);
		p->compared = true;
	} else {
		LOG(ERR, "no memory to compare proxy entries: trying again");
	}
	free(have);
	free(want);
}

static void warn_refused(const struct proxies *p)
{
	char text[OVNET_PREFIX_STRLEN];
	struct ovnet_link link;

	if (p->refused.addr.family != 0 &&
		ovnet_kernel_link_by_index(p->kernel, p->refused.ifindex, &link) == 0)
		warn_set(p->node->warnings, "attach-proxies",
			"no proxy entry for %s on %s (%s): what is on %s does not reach it; trying "
			"again",
			ovnet_addr_text(&p->refused.addr, text, sizeof(text)), link.name,
			strerror(-p->rc), link.name);
	else if (p->left_out.family != 0 && p->n_bridges > 0)
		warn_set(p->node->warnings, "attach-proxies",
			"no proxy entries for %s of an attach port (at most %u addresses of a "
			"prefix, %u in all): containers with an address of our subnet do not "
			"reach it; give ports narrower `addresses`",
			ovnet_prefix_text(&p->left_out, text, sizeof(text)), PROXIES_MAX_HOSTS,
			PROXIES_MAX_ADDRS);
	else
		warn_clear(p->node->warnings, "attach-proxies");
}

/* --- the worker --- */

static void begin(struct proxies *p)
{
	if (p->links_changed)
		proxy_links_find(p);
	p->compared = false;
	if (p->links_changed)
		return; /* not known, logged: what there is stays until the next check */
	p->refused = (struct ovnet_proxy){0};
	compare(p);
}

static void finish(struct proxies *p)
{
	free(p->changes);
	p->changes = NULL;
	p->n_changes = p->at = 0;
	warn_refused(p);
	proxy_links_set(p);
}

static void change_some(struct proxies *p)
{
	unsigned n = RTE_MIN((unsigned)BATCH, p->n_changes - p->at);
	struct ovnet_proxy_change *c = p->changes + p->at;

	ovnet_kernel_proxies_change(p->kernel, c, n);
	p->at += n;
	for (unsigned i = 0; i < n; i++) {
		if (c[i].rc == 0 || c[i].rc == -ENODEV)
			continue;
		p->compared = false;
		p->refused = c[i].proxy;
		p->rc = c[i].rc;
	}
}

static void work(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval next = {0};
	struct proxies *p = arg;
	int64_t end = monotonic_ns() + SLICE_NS;

	(void)fd, (void)what;
	if (p->host->port == NULL || !node_has(p->node, NODE_READY))
		return;
	if (p->changes == NULL)
		begin(p);
	while (p->at < p->n_changes) {
		if (monotonic_ns() > end && event_add(p->worker, &next) == 0)
			return;
		change_some(p);
	}
	finish(p);
}

/* What is under way was compared with what is no more. */
static void begin_anew(struct proxies *p)
{
	free(p->changes);
	p->changes = NULL;
	p->n_changes = p->at = 0;
	p->compared = false;
	kick(p);
}

/* --- what is wanted --- */

static unsigned hosts_of(const struct ovnet_prefix *p)
{
	unsigned bits = (p->family == AF_INET6 ? 128u : 32u) - ovnet_prefix_len(p);

	return bits > 16 ? UINT32_MAX : 1u << bits;
}

static struct ovnet_addr nth(const struct ovnet_prefix *p, unsigned i)
{
	struct ovnet_addr a = ovnet_prefix_first(p);

	if (p->family == AF_INET)
		return ovnet_addr_v4(p->v4.addr_host + i);
	a.v6[15] |= (uint8_t)i;
	return a;
}

static unsigned unique(struct ovnet_addr *a, unsigned n)
{
	unsigned kept = 0;

	qsort(a, n, sizeof(*a), ovnet_addr_compare);
	for (unsigned i = 0; i < n; i++)
		if (kept == 0 || !ovnet_addr_equal(&a[kept - 1], &a[i]))
			a[kept++] = a[i];
	return kept;
}

/* The bridges are those that have a part of it. */
static void note_subnet(struct proxies *p)
{
	const struct ovnet_lease *l = &p->node->own;
	const struct ovnet_prefix own = ovnet_prefix_from4(&l->subnet),
				  own6 = ovnet_prefix_from6(&l->subnet6);

	if (ovnet_prefix_equal(&p->own, &own) && ovnet_prefix_equal(&p->own6, &own6))
		return;
	p->own = own;
	p->own6 = own6;
	p->links_changed = true;
}

/* At most. */
static unsigned count_hosts(const struct ovnet_prefix *addrs, unsigned n)
{
	unsigned hosts = 0;

	for (unsigned i = 0; i < n && hosts < PROXIES_MAX_ADDRS; i++)
		hosts += RTE_MIN(hosts_of(&addrs[i]), PROXIES_MAX_ADDRS);
	return RTE_MIN(hosts, PROXIES_MAX_ADDRS);
}

int proxies_want(struct proxies *p, const struct ovnet_prefix *addrs, unsigned n)
{
	struct ovnet_addr *all = calloc(count_hosts(addrs, n) + 1, sizeof(*all));
	unsigned at = 0;

	if (all == NULL)
		return -ENOMEM;
	p->left_out = (struct ovnet_prefix){0};
	for (unsigned i = 0; i < n; i++) {
		unsigned hosts = hosts_of(&addrs[i]);
		if (hosts > PROXIES_MAX_HOSTS || hosts > PROXIES_MAX_ADDRS - at) {
			p->left_out = addrs[i];
			continue;
		}
		for (unsigned h = 0; h < hosts; h++)
			all[at++] = nth(&addrs[i], h);
	}
	free(p->addrs);
	p->n = unique(all, at);
	p->addrs = all;
	note_subnet(p);
	begin_anew(p);
	return 0;
}

void proxies_links_changed(struct proxies *p)
{
	p->links_changed = true;
	if (p->n > 0)
		begin_anew(p);
}

void proxies_routes_changed(struct proxies *p)
{
	p->links_changed = true;
}

void proxies_check(struct proxies *p)
{
	if ((p->n > 0 || !p->compared) && p->changes == NULL)
		kick(p);
}

int proxies_init(struct proxies *p, struct ovnet_kernel *kernel, const struct host *host,
	struct event_base *base)
{
	*p = (struct proxies){
		.kernel = kernel, .host = host, .node = host->node, .links_changed = true};
	p->worker = event_new(base, -1, 0, work, p);
	return p->worker != NULL ? 0 : -ENOMEM;
}

void proxies_fini(struct proxies *p)
{
	if (p->worker != NULL)
		event_free(p->worker);
	free(p->addrs);
	free(p->changes);
	*p = (struct proxies){0};
}
