/* SPDX-License-Identifier: BSD-3-Clause */
/* The addresses of attach ports: into the FIB, as far as they are ours. */
#include <errno.h>
#include <stdio.h>

#include "attach/attach.h"
#include "base/log.h"
#include "base/prefix_list.h"

OVNET_LOG_TYPE(attach)

/* What lies outside our subnet, of all ports. */
struct outside {
	unsigned n;
	const struct conf_port *port; /* the first one ... */
	const struct ovnet_prefix *addrs;
};

static bool is_ours(const struct node *n, const struct ovnet_prefix *p)
{
	const struct ovnet_prefix own = ovnet_prefix_from4(&n->own.subnet);
	const struct ovnet_prefix own6 = ovnet_prefix_from6(&n->own.subnet6);

	return ovnet_prefix_covers(&own, p) || (n->own.has_v6 && ovnet_prefix_covers(&own6, p));
}

static void enter_one(struct attach *a, const struct attached *it, struct outside *out)
{
	const struct conf_port *c = it->conf;
	bool l3 = (it->port->caps & OVNET_CAP_L3) != 0;

	for (unsigned i = 0; i < c->n_addresses; i++) {
		const struct ovnet_prefix *addrs = &c->addresses[i];
		if (!is_ours(a->node, addrs)) {
			if (out->n++ == 0)
				*out = (struct outside){1, c, addrs};
			continue;
		}
		int rc = ovnet_fib_set_endpoint(
			a->engine->fib, addrs, it->port->id, l3, c->has_mac ? &c->mac : NULL);
		if (rc == -ENOMEM)
			LOG(ERR, "no memory for the addresses of port %s: trying again", c->name);
		a->unfinished = a->unfinished || rc < 0;
	}
}

static void warn_outside(const struct attach *a, const struct outside *out)
{
	char addrs[OVNET_PREFIX_STRLEN], own[OVNET_PREFIX_STRLEN], own6[OVNET_PREFIX_STRLEN];
	const struct node *n = a->node;

	if (out->n == 0) {
		warn_clear(n->warnings, "attach-addresses");
		return;
	}
	warn_set(n->warnings, "attach-addresses",
		"%s of port %s is not in this node's subnet %s%s%s (%u such prefixes in all): "
		"nothing goes there; give the port `addresses` that are",
		ovnet_prefix_text(out->addrs, addrs, sizeof(addrs)), out->port->name,
		ovnet_prefix4_text(&n->own.subnet, own, sizeof(own)), n->own.has_v6 ? " or " : "",
		n->own.has_v6 ? ovnet_prefix6_text(&n->own.subnet6, own6, sizeof(own6)) : "",
		out->n);
}

void attach_enter(struct attach *a)
{
	struct outside out = {0};

	if (a->n == 0)
		return;
	a->unfinished = false;
	for (unsigned i = 0; i < a->n; i++)
		if (a->items[i].port != NULL)
			enter_one(a, &a->items[i], &out);
	warn_outside(a, &out);
}
