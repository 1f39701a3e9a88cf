/* SPDX-License-Identifier: BSD-3-Clause */
/* The fake kernel's links, and what fails when. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bed/cmocka.h"
#include "bed/fake_kernel_int.h"

struct fake_kernel fake;
static struct {
	int err;
	unsigned times;
} fails[FAKE_CALLS];

void fake_misuse(const char *fmt, ...)
{
	va_list ap;
	char text[256];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fail_msg("fake kernel: %s", text);
	abort();
}

int fake_called(enum fake_call call)
{
	fake.calls[call]++;
	if (fails[call].times == 0)
		return 0;
	fails[call].times--;
	return fails[call].err;
}

void fake_fail(enum fake_call call, int err, unsigned times)
{
	fails[call].err = err;
	fails[call].times = times;
}

struct ovnet_mac fake_mac_in(const char *text)
{
	struct ovnet_mac mac;

	if (ovnet_mac_parse(text, &mac) < 0)
		fake_misuse("%s is no MAC", text);
	return mac;
}

struct ovnet_link *fake_link_find(uint32_t ifindex)
{
	for (unsigned i = 0; i < fake.n_links; i++)
		if (fake.link[i].ifindex == ifindex)
			return &fake.link[i];
	return NULL;
}

struct ovnet_link *fake_link_there(uint32_t ifindex)
{
	struct ovnet_link *link = fake_link_find(ifindex);

	if (link == NULL)
		fake_misuse("no link %u", ifindex);
	return link;
}

uint32_t fake_link_add(const char *name, const char *kind, uint16_t mtu, const char *mac)
{
	static uint32_t last = FAKE_LOOPBACK;
	struct ovnet_link link = {.ifindex = ++last, .mtu = mtu, .up = true, .running = true};

	if (fake.n_links == FAKE_LINKS)
		fake_misuse("more than %u links", FAKE_LINKS);
	snprintf(link.name, sizeof(link.name), "%s", name);
	snprintf(link.kind, sizeof(link.kind), "%s", kind);
	if (mac != NULL)
		link.mac = fake_mac_in(mac);
	fake.link[fake.n_links++] = link;
	fake_due_link(link.ifindex);
	fake_due_addrs();
	return link.ifindex;
}

/* IPv4 addresses stay on a link that is down, nothing else does. */
static void empty(uint32_t ifindex, bool gone)
{
	for (unsigned i = fake.n_routes; i-- > 0;)
		if (fake.route[i].ifindex == ifindex)
			fake_route_drop(i);
	for (unsigned i = fake.n_addrs; i-- > 0;)
		if (fake.addr[i].ifindex == ifindex &&
			(gone || fake.addr[i].addr.family == AF_INET6))
			fake_addr_drop(i);
	fake_proxies_drop(ifindex);
	for (unsigned i = 0; i < fake.n_neighs; i++) {
		struct fake_neigh *n = &fake.neigh[i];
		if (n->ifindex != ifindex)
			continue;
		n->answer = FAKE_FAILED;
		fake_due_neigh(ifindex, &n->addr);
	}
	fake_due_addrs();
}

void fake_link_set(const struct ovnet_link *link)
{
	struct ovnet_link *l = fake_link_there(link->ifindex);
	bool was_up = l->up;

	*l = *link;
	if (was_up && !l->up)
		empty(l->ifindex, false);
	for (unsigned i = 0; i < fake.n_addrs && !was_up && l->up; i++)
		if (fake.addr[i].ifindex == l->ifindex)
			fake_addr_connect(&fake.addr[i]);
	if (was_up != l->up)
		fake_due_addrs();
	fake_due_link(l->ifindex);
}

void fake_link_del(uint32_t ifindex)
{
	struct ovnet_link *l = fake_link_there(ifindex);

	l->up = l->running = false;
	empty(ifindex, true);
	fake_due_gone(l);
	fake.n_links--;
	memmove(l, l + 1, (size_t)(&fake.link[fake.n_links] - l) * sizeof(*l));
}

void fake_reset(void)
{
	if (fake_open != NULL)
		fake_misuse("reset while it is open");
	memset(&fake, 0, sizeof(fake));
	memset(fails, 0, sizeof(fails));
	fake_due_nothing();
	fake_firewall_reset();
	fake.link[fake.n_links++] = (struct ovnet_link){.ifindex = FAKE_LOOPBACK,
		.name = "lo",
		.mtu = UINT16_MAX,
		.up = true,
		.running = true};
	fake_addr_add(FAKE_LOOPBACK, "127.0.0.1/8");
	fake_addr_add(FAKE_LOOPBACK, "::1/128");
}
