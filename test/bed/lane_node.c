/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/lane_node.h"

#include <string.h>

struct kernel_lane the_lane;

/* As reactions.c. */

static void on_underlay_changed(void *arg)
{
	struct wired *w = arg;

	kernel_lane_update(&the_lane);
	peers_resolve_all(&w->peers);
}

static void on_next_hop(
	void *arg, uint32_t ifindex, const struct ovnet_addr *addr, const uint8_t *eth)
{
	(void)arg;
	kernel_lane_next_hop(&the_lane, ifindex, addr, eth);
}

static void on_peer_changed(void *arg, const struct peer *p)
{
	(void)arg;
	kernel_lane_peer(&the_lane, p);
}

static void on_peer_counted(void *arg, uint32_t id, struct ovnet_peer_counters *sum)
{
	(void)arg;
	kernel_lane_counted(&the_lane, id, sum);
}

static void on_opened(void *arg)
{
	struct wired *w = arg;

	peers_republish(&w->peers);
}

void lane_node_init(struct wired *w)
{
	static const struct kernel_lane_events events = {.opened = on_opened};

	kernel_lane_init(&the_lane, &w->engine, &w->node, &w->underlay, &w->host, &events, w);
}

struct wired *lane_node(const char *conf)
{
	u0 = fake_link_add("u0", "veth", 1500, U0_MAC);
	fake_addr_add(u0, "192.168.77.1/24");
	fake_addr_add(u0, "fd77::1/64");
	struct wired *w = wired_open(conf);
	w->underlay.events =
		(struct underlay_events){.changed = on_underlay_changed, .next_hop = on_next_hop};
	w->peers.events.changed = on_peer_changed;
	w->peers.events.counted = on_peer_counted;
	lane_node_init(w);
	return w;
}

void lane_node_lease(struct wired *w, const char *netconf, const char *key)
{
	wired_lease(w, netconf, key);
	kernel_lane_update(&the_lane);
	wired_run(w);
}

struct wired *lane_node_start(void)
{
	struct wired *w = lane_node("node: { iface = \"u0\"; };");

	lane_node_lease(w, WIRED_VXLAN, WIRED_OWN);
	return w;
}

void lane_node_end(struct wired *w)
{
	wired_close(w);
	kernel_lane_fini(&the_lane);
	assert_false(fake_lane.open);
}

int lane_node_reset(void **state)
{
	kernel_lane_fini(&the_lane); /* the case before failed */
	memset(&fake_lane, 0, sizeof(fake_lane));
	return wired_reset(state);
}

void lane_node_peer(struct wired *w, unsigned n, bool dual)
{
	const struct ovnet_lease l = peers_lease(n, dual);

	peers_set(&w->peers, &l);
	wired_run(w);
}
