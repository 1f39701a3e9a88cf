/* SPDX-License-Identifier: BSD-3-Clause */
/* What is due to be raised. As from a kernel's socket: in order, then what is folded. */
#include <string.h>

#include "bed/fake_kernel_int.h"

#define DUE_MAX    1024
#define ROUNDS_MAX 100

struct due {
	bool is_link;
	struct ovnet_link link;
	uint32_t ifindex;
	struct ovnet_addr addr;
};

static struct due due[DUE_MAX];
static unsigned n_due;
static bool addrs_due, routes_due, resync_due;

static struct due *add(void)
{
	if (n_due == DUE_MAX)
		fake_misuse("more than %u events: call fake_tell() between", DUE_MAX);
	due[n_due] = (struct due){0};
	return &due[n_due++];
}

void fake_due_gone(const struct ovnet_link *link)
{
	if (fake_open == NULL)
		return;
	struct due *d = add();
	d->is_link = true;
	d->link = *link;
}

void fake_due_link(uint32_t ifindex)
{
	const struct ovnet_link *link = fake_link_find(ifindex);

	if (link != NULL)
		fake_due_gone(link);
}

void fake_due_neigh(uint32_t ifindex, const struct ovnet_addr *addr)
{
	if (fake_open == NULL)
		return;
	struct due *d = add();
	d->ifindex = ifindex;
	d->addr = *addr;
}

void fake_due_routes(void)
{
	routes_due = fake_open != NULL;
}

void fake_due_addrs(void)
{
	addrs_due = fake_open != NULL;
	fake_due_routes();
}

void fake_due_nothing(void)
{
	n_due = 0;
	addrs_due = routes_due = resync_due = false;
}

void fake_resync(void)
{
	for (unsigned i = 0; i < fake.n_neighs; i++)
		fake_due_neigh(fake.neigh[i].ifindex, &fake.neigh[i].addr);
	for (unsigned i = 0; i < fake.n_links; i++)
		fake_due_link(fake.link[i].ifindex);
	fake_due_addrs();
	resync_due = fake_open != NULL;
}

static void tell(struct ovnet_kernel *k, struct fake_neigh *n, enum fake_answer answer)
{
	n->told = answer;
	n->told_mac = n->mac;
	/* The callback may release it. */
	struct ovnet_addr addr = n->addr;
	struct ovnet_mac mac = n->mac;
	if (k->events.neighbour != NULL)
		k->events.neighbour(k->arg, n->ifindex, &addr, answer == FAKE_KNOWN ? &mac : NULL);
}

/* An event only says to look again. */
static void tell_neigh(struct ovnet_kernel *k, const struct due *d)
{
	struct fake_neigh *n = fake_neigh_find(d->ifindex, &d->addr);

	if (n == NULL || n->refs == 0)
		return;
	if (n->answer == FAKE_KNOWN) {
		if (n->told != FAKE_KNOWN || !ovnet_mac_equal(&n->told_mac, &n->mac))
			tell(k, n, FAKE_KNOWN);
		return;
	}
	bool failed = n->answer == FAKE_FAILED || n->told == FAKE_KNOWN;
	if (failed && n->told != FAKE_FAILED)
		tell(k, n, FAKE_FAILED);
}

static void tell_folded(struct ovnet_kernel *k)
{
	bool resync = resync_due, addrs = addrs_due, routes = routes_due;

	resync_due = addrs_due = routes_due = false;
	if (resync && k->events.resync != NULL)
		k->events.resync(k->arg);
	if (addrs && k->events.addrs_changed != NULL)
		k->events.addrs_changed(k->arg);
	if (routes && k->events.route_changed != NULL)
		k->events.route_changed(k->arg);
}

static void turn(struct ovnet_kernel *k)
{
	static struct due now[DUE_MAX];
	unsigned n = n_due;

	memcpy(now, due, n * sizeof(now[0]));
	n_due = 0;
	for (unsigned i = 0; i < n; i++) {
		if (!now[i].is_link)
			tell_neigh(k, &now[i]);
		else if (k->events.link_changed != NULL)
			k->events.link_changed(k->arg, &now[i].link);
	}
	tell_folded(k);
	fake_check_run(k);
}

void fake_tell(void)
{
	unsigned rounds = 0;

	while (fake_open != NULL && (n_due > 0 || addrs_due || routes_due || resync_due ||
					    fake_open->check.done != NULL)) {
		if (++rounds > ROUNDS_MAX)
			fake_misuse("events without end: each turn makes others due");
		turn(fake_open);
	}
}
