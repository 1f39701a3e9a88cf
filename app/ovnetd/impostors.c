/* SPDX-License-Identifier: BSD-3-Clause */
#include "impostors.h"

#include <errno.h>
#include <stdio.h>

#include "daemon.h"

#define LOOK_S 5
#define OVER_S 60 /* so long without another one */

static const struct peer *peer_at(struct daemon *d, uint32_t public_be)
{
	const struct peer *p;

	TAILQ_FOREACH (p, &d->peers.list, entry)
		if (p->lease.public_ip.v4_be == public_be)
			return p;
	return NULL;
}

static const struct peer *peer_of(struct daemon *d, uint32_t addr_be)
{
	const struct peer *p;

	TAILQ_FOREACH (p, &d->peers.list, entry)
		if (ovnet_prefix4_contains(&p->lease.subnet, ntohl(addr_be)))
			return p;
	return NULL;
}

static void whose(struct daemon *d, uint32_t addr_be, char *buf, size_t size)
{
	const struct peer *owner = peer_of(d, addr_be);
	char s[OVNET_PREFIX_STRLEN], a[OVNET_ADDR_STRLEN];

	if (ovnet_prefix4_contains(&d->own.subnet, ntohl(addr_be)))
		snprintf(buf, size, "which is in our own subnet %s",
			ovnet_prefix4_text(&d->own.subnet, s, sizeof(s)));
	else if (owner != NULL)
		snprintf(buf, size, "which is in %s, the subnet of the peer at %s",
			ovnet_prefix4_text(&owner->lease.subnet, s, sizeof(s)),
			ovnet_addr_text(&owner->lease.public_ip, a, sizeof(a)));
	else
		snprintf(buf, size, "which no lease covers");
}

static void warn(struct daemon *d, uint64_t pair)
{
	struct ovnet_addr outer = {.family = AF_INET, .v4_be = (uint32_t)(pair >> 32)};
	struct ovnet_addr inner = {.family = AF_INET, .v4_be = (uint32_t)pair};
	const struct peer *sender = peer_at(d, outer.v4_be);
	char s[OVNET_PREFIX_STRLEN] = "?", a[OVNET_ADDR_STRLEN], b[OVNET_ADDR_STRLEN], text[160];

	if (sender != NULL)
		ovnet_prefix4_text(&sender->lease.subnet, s, sizeof(s));
	whose(d, inner.v4_be, text, sizeof(text));
	warn_set(&d->warnings, "impostor",
		"the peer at %s (subnet %s) sends from %s, %s: refused (inner-source); do two "
		"nodes use one subnet?",
		ovnet_addr_text(&outer, a, sizeof(a)), s, ovnet_addr_text(&inner, b, sizeof(b)),
		text);
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct impostors *im = &d->impostors;
	uint64_t sum = 0, pair = 0;

	(void)fd, (void)what;
	for (unsigned i = 0; i < d->shared.n_workers; i++) {
		const struct ovnet_counters *c = &d->workers[i]->counters;
		sum += c->drops[OVNET_DROP_INNER_SOURCE];
		if (c->last_impostor_be != im->last[i] || pair == 0)
			pair = c->last_impostor_be;
		im->last[i] = c->last_impostor_be;
	}
	if (sum != im->seen && pair != 0) {
		warn(d, pair);
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
