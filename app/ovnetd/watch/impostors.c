/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch/impostors.h"

#include <stdio.h>
#include <sys/socket.h>

#include "watch/timer.h"

static const struct peer *peer_at(const struct impostors *w, const struct ovnet_addr *public_ip)
{
	const struct peer *p;

	TAILQ_FOREACH (p, &w->peers->list, entry)
		if (ovnet_addr_equal(&p->public_ip, public_ip))
			return p;
	return NULL;
}

static const struct peer *peer_of(const struct impostors *w, const struct ovnet_addr *addr)
{
	const struct peer *p;

	TAILQ_FOREACH (p, &w->peers->list, entry)
		if (ovnet_prefix_contains(&p->subnet, addr))
			return p;
	return NULL;
}

static void whose(struct impostors *w, const struct ovnet_addr *addr, char *buf, size_t size)
{
	const struct ovnet_prefix own = addr->family == AF_INET6
						? ovnet_prefix_from6(&w->node->own.subnet6)
						: ovnet_prefix_from4(&w->node->own.subnet);
	const struct peer *owner = peer_of(w, addr);
	char s[OVNET_PREFIX_STRLEN], a[OVNET_ADDR_STRLEN];

	if (ovnet_prefix_contains(&own, addr))
		snprintf(buf, size, "which is in our own subnet %s",
			ovnet_prefix_text(&own, s, sizeof(s)));
	else if (owner != NULL)
		snprintf(buf, size, "which is in %s, the subnet of the peer at %s",
			ovnet_prefix_text(&owner->subnet, s, sizeof(s)),
			ovnet_addr_text(&owner->public_ip, a, sizeof(a)));
	else
		snprintf(buf, size, "which no lease covers");
}

static void warn(struct impostors *w, const struct impostor *im)
{
	const struct peer *sender = peer_at(w, &im->outer);
	char s[OVNET_PREFIX_STRLEN] = "?", a[OVNET_ADDR_STRLEN], b[OVNET_ADDR_STRLEN], text[160];

	if (sender != NULL)
		ovnet_prefix_text(&sender->subnet, s, sizeof(s));
	whose(w, &im->inner, text, sizeof(text));
	warn_set(w->warnings, "impostor",
		"the peer at %s (subnet %s) sends from %s, %s: %s (inner-source); do two nodes use "
		"one subnet? What else it may send from goes into ingress.allow; see "
		"ingress.validation",
		ovnet_addr_text(&im->outer, a, sizeof(a)), s,
		ovnet_addr_text(&im->inner, b, sizeof(b)), text,
		w->node->conf->ingress.validation == CONF_VALIDATE_STRICT ? "refused" : "let by");
}

static struct impostor last4(const struct ovnet_counters *c)
{
	uint64_t pair = c->last_impostor_be;

	return (struct impostor){
		.outer = {.family = pair != 0 ? AF_INET : 0, .v4_be = (uint32_t)(pair >> 32)},
		.inner = {.family = AF_INET, .v4_be = (uint32_t)pair}};
}

/* Family 0 also when it is just being written: the next look sees it. */
static struct impostor last6(const struct ovnet_counters *c)
{
	uint32_t before = atomic_load_explicit(&c->impostor6_seq, memory_order_acquire);
	struct impostor im = {.outer = ovnet_addr_v6(c->impostor6_outer),
		.inner = ovnet_addr_v6(c->impostor6_inner)};

	atomic_thread_fence(memory_order_acquire);
	if (before == 0 || before % 2 != 0 ||
		before != atomic_load_explicit(&c->impostor6_seq, memory_order_relaxed))
		im.outer.family = 0;
	return im;
}

static bool same(const struct impostor *a, const struct impostor *b)
{
	return ovnet_addr_equal(&a->outer, &b->outer) && ovnet_addr_equal(&a->inner, &b->inner);
}

/* The newest of what a worker remembers wins, or whatever there is. */
static void choose(struct impostor *seen, struct impostor now, struct impostor *pick)
{
	if (now.outer.family == 0)
		return;
	if (!same(seen, &now) || pick->outer.family == 0)
		*pick = now;
	*seen = now;
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	struct impostors *w = arg;
	struct impostor pick = {0};
	uint64_t sum = 0;

	(void)fd, (void)what;
	for (unsigned i = 0; i < w->engine->shared.n_workers; i++) {
		const struct ovnet_counters *c = &w->engine->workers[i]->counters;
		sum += c->drops[OVNET_DROP_INNER_SOURCE] + c->permitted[OVNET_DROP_INNER_SOURCE];
		choose(&w->last4[i], last4(c), &pick);
		choose(&w->last6[i], last6(c), &pick);
	}
	if (sum != w->seen && pick.outer.family != 0) {
		warn(w, &pick);
		w->warned = time(NULL);
	} else if (w->warned != 0 && time(NULL) - w->warned >= WATCH_OVER_S) {
		warn_clear(w->warnings, "impostor");
		w->warned = 0;
	}
	w->seen = sum;
}

int impostors_init(struct impostors *w, const struct engine *engine, const struct node *node,
	const struct peers *peers)
{
	*w = (struct impostors){
		.engine = engine, .node = node, .peers = peers, .warnings = node->warnings};
	return watch_timer_init(&w->timer, engine->base, look, w);
}

void impostors_fini(struct impostors *w)
{
	watch_timer_fini(&w->timer);
}
