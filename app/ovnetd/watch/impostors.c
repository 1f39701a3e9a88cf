/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch/impostors.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "daemon.h"

#define LOOK_S 5
#define OVER_S 60 /* so long without another one */

static const struct peer *peer_at(struct daemon *d, const struct ovnet_addr *public_ip)
{
	const struct peer *p;

	TAILQ_FOREACH (p, &d->peers.list, entry)
		if (ovnet_addr_equal(&p->public_ip, public_ip))
			return p;
	return NULL;
}

static const struct peer *peer_of(struct daemon *d, const struct ovnet_addr *addr)
{
	const struct peer *p;

	TAILQ_FOREACH (p, &d->peers.list, entry)
		if (ovnet_prefix_contains(&p->subnet, addr))
			return p;
	return NULL;
}

static void whose(struct daemon *d, const struct ovnet_addr *addr, char *buf, size_t size)
{
	const struct ovnet_prefix own = addr->family == AF_INET6
						? ovnet_prefix_from6(&d->own.subnet6)
						: ovnet_prefix_from4(&d->own.subnet);
	const struct peer *owner = peer_of(d, addr);
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

static void warn(struct daemon *d, const struct impostor *im)
{
	const struct peer *sender = peer_at(d, &im->outer);
	char s[OVNET_PREFIX_STRLEN] = "?", a[OVNET_ADDR_STRLEN], b[OVNET_ADDR_STRLEN], text[160];

	if (sender != NULL)
		ovnet_prefix_text(&sender->subnet, s, sizeof(s));
	whose(d, &im->inner, text, sizeof(text));
	warn_set(&d->warnings, "impostor",
		"the peer at %s (subnet %s) sends from %s, %s: %s (inner-source); do two nodes use "
		"one subnet? What else it may send from goes into ingress.allow; see "
		"ingress.validation",
		ovnet_addr_text(&im->outer, a, sizeof(a)), s,
		ovnet_addr_text(&im->inner, b, sizeof(b)), text,
		d->conf.ingress.validation == CONF_VALIDATE_STRICT ? "refused" : "let by");
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
	struct daemon *d = arg;
	struct impostors *im = &d->impostors;
	struct impostor pick = {0};
	uint64_t sum = 0;

	(void)fd, (void)what;
	for (unsigned i = 0; i < d->shared.n_workers; i++) {
		const struct ovnet_counters *c = &d->workers[i]->counters;
		sum += c->drops[OVNET_DROP_INNER_SOURCE] + c->permitted[OVNET_DROP_INNER_SOURCE];
		choose(&im->last4[i], last4(c), &pick);
		choose(&im->last6[i], last6(c), &pick);
	}
	if (sum != im->seen && pick.outer.family != 0) {
		warn(d, &pick);
		im->warned = time(NULL);
	} else if (im->warned != 0 && time(NULL) - im->warned >= OVER_S) {
		warn_clear(&d->warnings, "impostor");
		im->warned = 0;
	}
	im->seen = sum;
}

static int init(struct daemon *d)
{
	static const struct timeval every = {.tv_sec = LOOK_S};

	d->impostors.timer = event_new(d->base, -1, EV_PERSIST, look, d);
	if (d->impostors.timer == NULL || event_add(d->impostors.timer, &every) < 0)
		return -ENOMEM;
	return 0;
}

static void fini(struct daemon *d)
{
	if (d->impostors.timer != NULL)
		event_free(d->impostors.timer);
	d->impostors.timer = NULL;
}

const struct module module_impostors = {"impostors", init, fini};
