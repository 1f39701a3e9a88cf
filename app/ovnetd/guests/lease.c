/* SPDX-License-Identifier: BSD-3-Clause */
/* The VMs and our lease: those in its subnet are plugged in, the others wait for theirs. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "guests/plugged.h"
#include "loop/slice.h"
#include "loop/timer.h"
#include "node/vm_pool.h"

OVNET_LOG_TYPE(guests)

/* One that is there already has the right IPv4 address; its IPv6 subnet may be another one. */
static void plug_in(struct guests *g, struct guest *guest)
{
	const struct attached *it = attach_find(g->attach, guest->vm.name);
	char err[512];

	if (it != NULL && it->source == ATTACH_VM) {
		guest->failed = false;
		plugged_set(g, guest);
		return;
	}
	bool failed = plugged_add(g, guest, true, err, sizeof(err)) < 0;
	if (failed && !guest->failed)
		LOG(ERR, "VM %s is cut off: %s", guest->vm.name, err);
	snprintf(guest->why, sizeof(guest->why), "%s", failed ? err : "");
	guest->failed = failed;
}

static void follow(struct guests *g, struct guest *guest)
{
	guest->outside = !ovnet_prefix4_contains(&g->node->own.subnet, guest->vm.addr_host);
	if (!guest->outside) {
		plug_in(g, guest);
		return;
	}
	/* Its addresses are in no table, whether its port goes or not. */
	guest->failed = plugged_del(g, guest, guest->why, sizeof(guest->why)) < 0;
}

static void warn_outside(const struct guests *g)
{
	char own[OVNET_PREFIX_STRLEN], addr[OVNET_ADDR_STRLEN];
	const struct guest *first = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < g->n; i++) {
		if (!g->items[i]->outside)
			continue;
		first = first != NULL ? first : g->items[i];
		n++;
	}
	if (n == 0) {
		warn_clear(g->node->warnings, "vms");
		return;
	}
	const struct ovnet_addr a = ovnet_addr_v4(first->vm.addr_host);
	warn_set(g->node->warnings, "vms",
		"%u of %u VMs have addresses of another subnet than this node's, %s: they are cut "
		"off (%s for one, %s), until that subnet is the node's again; or give them new "
		"ones: ovnetctl vm del %s, vm add %s, and restart the guest",
		n, g->n, ovnet_prefix4_text(&g->node->own.subnet, own, sizeof(own)), first->vm.name,
		ovnet_addr_text(&a, addr, sizeof(addr)), first->vm.name, first->vm.name);
}

static void warn_failed(const struct guests *g)
{
	const struct guest *first = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < g->n; i++) {
		if (!g->items[i]->failed)
			continue;
		first = first != NULL ? first : g->items[i];
		n++;
	}
	if (n == 0)
		warn_clear(g->node->warnings, "vms-failed");
	else
		warn_set(g->node->warnings, "vms-failed",
			"%u of %u VMs are cut off, for their ports cannot be made (tried again); "
			"%s for one: %s",
			n, g->n, first->vm.name, first->why);
}

/* Not for the first vm add to find out. */
static void warn_pool(const struct guests *g)
{
	const char *text = g->node->conf->vm.pool;
	struct ovnet_prefix4 pool;
	char why[512];

	if (text[0] != '\0' &&
		node_vm_pool(text, &g->node->own.subnet, &pool, why, sizeof(why)) < 0)
		warn_set(g->node->warnings, "vm-pool", "%s", why);
	else
		warn_clear(g->node->warnings, "vm-pool");
}

void guests_lease(struct guests *g)
{
	g->next = 0;
	g->all = true;
	warn_pool(g);
	guests_ports_changed(g); /* the gateway is another one, too */
}

void guests_ports_changed(struct guests *g)
{
	g->unpublished = true;
	if (g->turn != NULL && node_has(g->node, NODE_READY))
		arm_ms(g->turn, 0);
}

void guests_turn(struct guests *g)
{
	const struct slice slice = slice_begin();

	while (g->next < g->n && !slice_over(&slice)) {
		struct guest *guest = g->items[g->next++];
		if (g->all || guest->failed)
			follow(g, guest);
	}
	if (g->unpublished)
		g->unpublished = !guests_publish(g);
	if (g->next < g->n) {
		arm_ms(g->turn, 0);
		return;
	}
	warn_outside(g);
	warn_failed(g);
}

static bool any_failed(const struct guests *g)
{
	for (unsigned i = 0; i < g->n; i++)
		if (g->items[i]->failed)
			return true;
	return false;
}

void guests_check(struct guests *g)
{
	if (!node_has(g->node, NODE_READY))
		return;
	if (g->next >= g->n && any_failed(g)) {
		g->next = 0;
		g->all = false;
		arm_ms(g->turn, 0);
	}
	if (g->unpublished)
		arm_ms(g->turn, 0);
	guests_advertise(g);
}
