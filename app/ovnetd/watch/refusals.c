/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch/refusals.h"

#include <errno.h>

#include "daemon.h"

#define LOOK_S 5
#define OVER_S 60 /* so long without another one */

static const struct kind {
	enum ovnet_drop reason;
	const char *where, *why, *cure; /* "WHERE ADDRESS, WHY ...; CURE" */
} kinds[REFUSALS_KINDS] = {
	{OVNET_DROP_UNKNOWN_PEER, "packets from the underlay", "which holds no lease",
		"another address of a node's goes into ingress.allow, behind its PublicIP"},
	{OVNET_DROP_ROUTED_MAC, "routed packets",
		"but not from the MAC address that peer is reached by without a router",
		"do two nodes use one subnet? Is the way there another than the way back? See "
		"ingress.routed and ingress.allow"},
	{OVNET_DROP_FOREIGN_SOURCE, "packets by the host device",
		"which is neither this node's nor in its subnet",
		"masquerade them (host.ip-masq), or list their prefix in ingress.allow behind this "
		"node's PublicIP"},
};

/* How many there were, and who sent the last one. */
static uint64_t sum_up(const struct daemon *d, enum ovnet_drop reason, struct ovnet_addr *last)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < d->shared.n_workers; i++) {
		const struct ovnet_counters *c = &d->workers[i]->counters;
		sum += c->drops[reason] + c->permitted[reason];
		if (c->last_source[reason].family != 0)
			*last = c->last_source[reason];
	}
	return sum;
}

/* A new node's first packets may be here before its lease. */
static bool has_lease_now(
	const struct daemon *d, const struct kind *kind, const struct ovnet_addr *addr)
{
	return kind->reason == OVNET_DROP_UNKNOWN_PEER && ovnet_fib_is_source(&d->shared.fib, addr);
}

static void warn(struct daemon *d, const struct kind *kind, const struct ovnet_addr *last)
{
	const char *name = ovnet_drop_name(kind->reason);
	bool strict = d->conf.ingress.validation == CONF_VALIDATE_STRICT;
	char a[OVNET_ADDR_STRLEN];

	warn_set(&d->warnings, name, "%s come from %s, %s: %s (%s); %s; see ingress.validation",
		kind->where, ovnet_addr_text(last, a, sizeof(a)), kind->why,
		strict ? "refused" : "let by", name, kind->cure);
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	time_t now = time(NULL);

	(void)fd, (void)what;
	for (unsigned i = 0; i < REFUSALS_KINDS; i++) {
		const struct kind *kind = &kinds[i];
		struct ovnet_addr last = {0};
		uint64_t sum = sum_up(d, kind->reason, &last);
		time_t *warned = &d->refusals.kind[i].warned;

		if (sum != d->refusals.kind[i].seen && !has_lease_now(d, kind, &last)) {
			warn(d, kind, &last);
			*warned = now;
		} else if (*warned != 0 && now - *warned >= OVER_S) {
			warn_clear(&d->warnings, ovnet_drop_name(kind->reason));
			*warned = 0;
		}
		d->refusals.kind[i].seen = sum;
	}
}

static int init(struct daemon *d)
{
	static const struct timeval every = {.tv_sec = LOOK_S};

	d->refusals.timer = event_new(d->base, -1, EV_PERSIST, look, d);
	if (d->refusals.timer == NULL || event_add(d->refusals.timer, &every) < 0)
		return -ENOMEM;
	return 0;
}

static void fini(struct daemon *d)
{
	if (d->refusals.timer != NULL)
		event_free(d->refusals.timer);
	d->refusals.timer = NULL;
}

const struct module module_refusals = {"refusals", init, fini};
