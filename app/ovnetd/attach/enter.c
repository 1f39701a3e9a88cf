/* SPDX-License-Identifier: BSD-3-Clause */
/* The addresses of attach ports: into the FIB and out of it, as far as they are ours. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "attach/item.h"
#include "base/log.h"
#include "base/prefix_list.h"

OVNET_LOG_TYPE(attach)

/* What lies outside our subnet, of all ports. */
struct outside {
	unsigned n, kept;             /* prefixes; ports of ports.json */
	const struct conf_port *port; /* the first one ... */
	const struct ovnet_prefix *addrs;
	const struct conf_port *first_kept;
};

bool address_is_ours(const struct node *n, const struct ovnet_prefix *p)
{
	const struct ovnet_prefix own = ovnet_prefix_from4(&n->own.subnet);
	const struct ovnet_prefix own6 = ovnet_prefix_from6(&n->own.subnet6);

	if (own.v4.len == 0 || n->drained) /* there is no lease */
		return false;
	return ovnet_prefix_covers(&own, p) || (n->own.has_v6 && ovnet_prefix_covers(&own6, p));
}

void enter_item(struct attach *a, const struct attached *it)
{
	const struct conf_port *c = &it->conf;
	bool l3 = (it->port->caps & OVNET_CAP_L3) != 0;

	for (unsigned i = 0; i < c->n_addresses; i++) {
		const struct ovnet_prefix *addrs = &c->addresses[i];
		if (!address_is_ours(a->node, addrs))
			continue;
		int rc = ovnet_fib_set_endpoint(
			a->engine->fib, addrs, it->port->id, l3, c->has_mac ? &c->mac : NULL);
		if (rc == -ENOMEM)
			LOG(ERR, "no memory for the addresses of port %s: trying again", c->name);
		a->unfinished = a->unfinished || rc < 0;
	}
}

static bool has_address(const struct conf_port *c, const struct ovnet_prefix *addrs)
{
	for (unsigned i = 0; c != NULL && i < c->n_addresses; i++)
		if (ovnet_prefix_equal(&c->addresses[i], addrs))
			return true;
	return false;
}

int leave_item(struct attach *a, const struct attached *it, const struct conf_port *keep)
{
	const struct conf_port *c = &it->conf;

	for (unsigned i = 0; i < c->n_addresses; i++) {
		if (has_address(keep, &c->addresses[i]))
			continue;
		/* What is not in there, a lost subnet's for one, is none of our business. */
		if (ovnet_fib_del_endpoint(a->engine->fib, &c->addresses[i]) != -ENOMEM)
			continue;
		LOG(ERR, "no memory to take the addresses of port %s out of the tables", c->name);
		enter_item(a, it);
		return -ENOMEM;
	}
	return 0;
}

static struct outside find_outside(const struct attach *a)
{
	struct outside out = {0};

	for (unsigned i = 0; i < a->n; i++) {
		const struct attached *it = a->items[i];
		unsigned before = out.n;
		for (unsigned j = 0; j < it->conf.n_addresses; j++) {
			const struct ovnet_prefix *addrs = &it->conf.addresses[j];
			if (address_is_ours(a->node, addrs) || out.n++ > 0)
				continue;
			out.port = &it->conf;
			out.addrs = addrs;
		}
		if (out.n == before || it->source != ATTACH_STATE)
			continue;
		out.first_kept = out.kept++ == 0 ? &it->conf : out.first_kept;
	}
	return out;
}

/* ports.json was written under another subnet: after a new lease, or on another node. */
static void warn_kept(const struct attach *a, const struct outside *out)
{
	char was[OVNET_PREFIX_STRLEN], own[OVNET_PREFIX_STRLEN];
	const struct node *n = a->node;
	const struct ovnet_prefix now = ovnet_prefix_from4(&n->own.subnet);

	if (out->kept == 0 || a->was.family == 0 || ovnet_prefix_equal(&a->was, &now)) {
		warn_clear(n->warnings, "attach-state");
		return;
	}
	warn_set(n->warnings, "attach-state",
		"%s/" ATTACH_STATE_FILE " is of subnet %s, this node's is %s now: %u ports of it "
		"have addresses that are not ours, %s for one; `ovnetctl port set %s "
		"addresses=...` gives it others, `ovnetctl port del %s` removes it",
		n->conf->node.state_dir, ovnet_prefix_text(&a->was, was, sizeof(was)),
		ovnet_prefix4_text(&n->own.subnet, own, sizeof(own)), out->kept,
		out->first_kept->name, out->first_kept->name, out->first_kept->name);
}

void warn_outside(struct attach *a)
{
	char addrs[OVNET_PREFIX_STRLEN], own[OVNET_PREFIX_STRLEN], own6[OVNET_PREFIX_STRLEN];
	const struct node *n = a->node;
	const struct outside out = n->drained ? (struct outside){0} : find_outside(a);

	warn_kept(a, &out);
	if (out.n == 0) {
		warn_clear(n->warnings, "attach-addresses");
		return;
	}
	warn_set(n->warnings, "attach-addresses",
		"%s of port %s is not in this node's subnet %s%s%s (%u such prefixes in all): "
		"nothing goes there; give the port `addresses` that are",
		ovnet_prefix_text(out.addrs, addrs, sizeof(addrs)), out.port->name,
		ovnet_prefix4_text(&n->own.subnet, own, sizeof(own)), n->own.has_v6 ? " or " : "",
		n->own.has_v6 ? ovnet_prefix6_text(&n->own.subnet6, own6, sizeof(own6)) : "",
		out.n);
}

void attach_enter(struct attach *a)
{
	a->unfinished = false;
	for (unsigned i = 0; i < a->n; i++)
		if (a->items[i]->port != NULL)
			enter_item(a, a->items[i]);
	warn_outside(a);
}

unsigned attach_addresses(const struct attach *a, struct ovnet_prefix **out)
{
	unsigned room = 0, n = 0;

	for (unsigned i = 0; i < a->n; i++)
		room += a->items[i]->conf.n_addresses;
	*out = room > 0 ? calloc(room, sizeof(**out)) : NULL;
	if (*out == NULL && room > 0)
		LOG(ERR, "no memory for the list of the attach ports' addresses");
	for (unsigned i = 0; i < a->n && *out != NULL; i++)
		for (unsigned j = 0; j < a->items[i]->conf.n_addresses; j++)
			if (address_is_ours(a->node, &a->items[i]->conf.addresses[j]))
				(*out)[n++] = a->items[i]->conf.addresses[j];
	return n;
}
