/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch/refusals.h"

#include "engine/totals.h"
#include "watch/timer.h"

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
	{OVNET_DROP_FOREIGN_SOURCE, "packets by the host device or an attach port",
		"which is neither this node's nor in its subnet, or not at that port",
		"masquerade them (host.ip-masq), or list their prefix in ingress.allow behind this "
		"node's PublicIP"},
};

/* A new node's first packets may be here before its lease. */
static bool has_lease_now(
	const struct refusals *w, const struct kind *kind, const struct ovnet_addr *addr)
{
	return kind->reason == OVNET_DROP_UNKNOWN_PEER &&
	       ovnet_fib_is_source(&w->engine->shared.fib, addr);
}

static void warn(struct refusals *w, const struct kind *kind, const struct ovnet_addr *last)
{
	const char *name = ovnet_drop_name(kind->reason);
	bool strict = w->node->conf->ingress.validation == CONF_VALIDATE_STRICT;
	char a[OVNET_ADDR_STRLEN];

	warn_set(w->warnings, name, "%s come from %s, %s: %s (%s); %s; see ingress.validation",
		kind->where, ovnet_addr_text(last, a, sizeof(a)), kind->why,
		strict ? "refused" : "let by", name, kind->cure);
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	struct refusals *w = arg;
	time_t now = time(NULL);

	(void)fd, (void)what;
	for (unsigned i = 0; i < REFUSALS_KINDS; i++) {
		const struct kind *kind = &kinds[i];
		const struct totals_drop sum = totals_drop(w->engine, kind->reason);
		uint64_t refused = sum.drops + sum.permitted;
		time_t *warned = &w->kind[i].warned;

		if (refused != w->kind[i].seen && !has_lease_now(w, kind, &sum.source)) {
			warn(w, kind, &sum.source);
			*warned = now;
		} else if (*warned != 0 && now - *warned >= WATCH_OVER_S) {
			warn_clear(w->warnings, ovnet_drop_name(kind->reason));
			*warned = 0;
		}
		w->kind[i].seen = refused;
	}
}

int refusals_init(struct refusals *w, const struct engine *engine, const struct node *node)
{
	*w = (struct refusals){.engine = engine, .node = node, .warnings = node->warnings};
	return watch_timer_init(&w->timer, engine->base, look, w);
}

void refusals_fini(struct refusals *w)
{
	watch_timer_fini(&w->timer);
}
