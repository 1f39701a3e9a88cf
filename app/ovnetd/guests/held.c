/* SPDX-License-Identifier: BSD-3-Clause */
/* What VMs have though they have no port: before there is a lease, or as it could not be made. */
#include <stdio.h>
#include <string.h>

#include "base/prefix_list.h"
#include "conf/validate.h"
#include "guests/guests.h"

static bool is_of(const struct guests *g, const struct guest *guest, const struct ovnet_prefix *p)
{
	const struct ovnet_addr addr = ovnet_addr_v4(guest->vm.addr_host);
	const struct ovnet_prefix own = ovnet_prefix_of_addr(&addr);
	struct ovnet_addr addr6;

	if (ovnet_prefix_equal(p, &own))
		return true;
	if (!guests_addr6(g, guest, &addr6))
		return false;
	const struct ovnet_prefix own6 = ovnet_prefix_of_addr(&addr6);
	return ovnet_prefix_equal(p, &own6);
}

static bool has_one_of(const struct guests *g, const struct guest *guest, const struct conf_port *c)
{
	for (unsigned i = 0; i < c->n_addresses; i++)
		if (is_of(g, guest, &c->addresses[i]))
			return true;
	return false;
}

bool guests_object(const struct guests *g, const json_t *members, char *err, size_t size)
{
	const char *name = json_string_value(json_object_get(members, "name"));
	const char *addresses = json_string_value(json_object_get(members, "addresses"));
	struct conf_port c = {0};

	if (addresses == NULL || parse_port_addresses(&c, addresses) < 0)
		c.n_addresses = 0; /* attach/ says what is wrong */
	for (unsigned i = 0; i < g->n; i++) {
		const struct guest *guest = g->items[i];
		const struct attached *it = attach_find(g->attach, guest->vm.name);
		if (it != NULL && it->source == ATTACH_VM)
			continue; /* as any port */
		const bool named = it == NULL && name != NULL && strcmp(name, guest->vm.name) == 0;
		if (!named && !has_one_of(g, guest, &c))
			continue;
		snprintf(err, size, "%s is VM %s's; give another one",
			named ? "that name" : "one of these addresses", guest->vm.name);
		return true;
	}
	return false;
}
