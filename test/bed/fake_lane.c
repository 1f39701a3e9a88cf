/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/fake_lane.h"

#include <errno.h>
#include <string.h>

#include "bed/cmocka.h"

struct fake_lane fake_lane;

int ovnet_lane_open(const struct ovnet_lane_conf *conf, struct ovnet_lane **out)
{
	*out = NULL;
	if (conf->lane_port != 0 && fake_lane.port_taken)
		return -EADDRINUSE;
	if (fake_lane.open_rc < 0)
		return fake_lane.open_rc;
	assert_false(fake_lane.open);
	fake_lane.open = true;
	fake_lane.leftovers = 0;
	fake_lane.conf = *conf;
	*out = (struct ovnet_lane *)&fake_lane;
	return 0;
}

void ovnet_lane_close(struct ovnet_lane *l)
{
	if (l != NULL)
		fake_lane.open = false;
}

int ovnet_lane_remove_leftovers(
	bool dry_run, void (*report)(void *arg, const char *what), void *arg)
{
	int n = (int)fake_lane.leftovers;

	(void)dry_run, (void)report, (void)arg;
	fake_lane.leftovers = 0;
	return n;
}

int ovnet_lane_set_conf(struct ovnet_lane *l, const struct ovnet_lane_conf *conf)
{
	(void)l;
	fake_lane.conf = *conf;
	return 0;
}

void ovnet_lane_enable(struct ovnet_lane *l, bool out, bool in)
{
	(void)l;
	fake_lane.out = out;
	fake_lane.in = in;
}

int ovnet_lane_uplink_add(struct ovnet_lane *l, uint32_t ifindex)
{
	(void)l;
	for (unsigned i = 0; i < fake_lane.n_uplinks; i++)
		if (fake_lane.uplink[i] == ifindex)
			return 0;
	assert_true(fake_lane.n_uplinks < FAKE_LANE_FEW);
	fake_lane.uplink[fake_lane.n_uplinks++] = ifindex;
	return 0;
}

void ovnet_lane_uplink_del(struct ovnet_lane *l, uint32_t ifindex)
{
	unsigned i = 0;

	(void)l;
	while (fake_lane.uplink[i] != ifindex)
		assert_true(++i < fake_lane.n_uplinks);
	fake_lane.uplink[i] = fake_lane.uplink[--fake_lane.n_uplinks];
}

int ovnet_lane_mend(struct ovnet_lane *l)
{
	(void)l;
	fake_lane.mends++;
	return fake_lane.mend_rc;
}

unsigned ovnet_lane_hooks(const struct ovnet_lane *l, struct ovnet_lane_hook *out, unsigned n)
{
	(void)l;
	for (unsigned i = 0; i < n && i < fake_lane.n_hooks; i++)
		out[i] = fake_lane.hook[i];
	return fake_lane.n_hooks;
}

int ovnet_lane_set_addresses(struct ovnet_lane *l, const uint32_t *addr_be, unsigned n)
{
	(void)l;
	assert_true(n <= FAKE_LANE_FEW);
	memcpy(fake_lane.addr_be, addr_be, n * sizeof(*addr_be));
	fake_lane.n_addrs = n;
	return 0;
}

static struct fake_lane_row *row_of(const struct ovnet_prefix4 *p)
{
	for (unsigned i = 0; i < fake_lane.n; i++)
		if (ovnet_prefix4_equal(&fake_lane.row[i].prefix, p))
			return &fake_lane.row[i];
	return NULL;
}

static struct fake_lane_row *set_row(const struct ovnet_prefix4 *p, enum fake_lane_kind kind)
{
	struct fake_lane_row *r = row_of(p);

	if (r == NULL) {
		assert_true(fake_lane.n < FAKE_LANE_ROWS);
		r = &fake_lane.row[fake_lane.n++];
	}
	*r = (struct fake_lane_row){.prefix = *p, .kind = kind};
	return r;
}

const struct fake_lane_row *fake_lane_row(const struct ovnet_prefix4 *p)
{
	return row_of(p);
}

int ovnet_lane_set_host(struct ovnet_lane *l, const struct ovnet_prefix4 *subnet)
{
	(void)l;
	set_row(subnet, FAKE_LANE_HOST);
	return 0;
}

int ovnet_lane_set_elsewhere(struct ovnet_lane *l, const struct ovnet_prefix4 *prefix)
{
	(void)l;
	if (fake_lane.elsewhere_rc == 0)
		set_row(prefix, FAKE_LANE_ELSEWHERE);
	return fake_lane.elsewhere_rc;
}

int ovnet_lane_set_peer(struct ovnet_lane *l, const struct ovnet_lane_peer *peer)
{
	(void)l;
	if (fake_lane.peer_rc == 0)
		set_row(&peer->subnet, FAKE_LANE_PEER)->peer = *peer;
	return fake_lane.peer_rc;
}

int ovnet_lane_del(struct ovnet_lane *l, const struct ovnet_prefix4 *prefix)
{
	struct fake_lane_row *r = row_of(prefix);

	(void)l;
	if (r == NULL)
		return -ENOENT;
	*r = fake_lane.row[--fake_lane.n];
	return 0;
}

static bool is_used(uint32_t ifindex, uint32_t addr_be)
{
	for (unsigned i = 0; i < fake_lane.n; i++) {
		const struct ovnet_lane_peer *p = &fake_lane.row[i].peer;
		if (fake_lane.row[i].kind == FAKE_LANE_PEER && p->ifindex == ifindex &&
			p->next_hop_be == addr_be)
			return true;
	}
	return false;
}

int ovnet_lane_set_next_hop(
	struct ovnet_lane *l, uint32_t ifindex, uint32_t addr_be, const uint8_t *eth)
{
	unsigned i = 0;

	(void)l;
	if (fake_lane.hop_rc < 0)
		return fake_lane.hop_rc;
	while (i < fake_lane.n_hops &&
		(fake_lane.hop[i].ifindex != ifindex || fake_lane.hop[i].addr_be != addr_be))
		i++;
	if (eth == NULL) {
		fake_lane.hop_gone_in_use |= is_used(ifindex, addr_be);
		if (i < fake_lane.n_hops)
			fake_lane.hop[i] = fake_lane.hop[--fake_lane.n_hops];
		return 0;
	}
	fake_lane.n_hops += i == fake_lane.n_hops;
	fake_lane.hop[i].ifindex = ifindex;
	fake_lane.hop[i].addr_be = addr_be;
	memcpy(fake_lane.hop[i].eth, eth, sizeof(fake_lane.hop[i].eth));
	return 0;
}

void ovnet_lane_peer_counters(
	const struct ovnet_lane *l, uint32_t id, struct ovnet_lane_counters *out)
{
	(void)l, (void)id;
	*out = fake_lane.counters;
}

void ovnet_lane_stats(const struct ovnet_lane *l, struct ovnet_lane_stats *out)
{
	(void)l;
	*out = fake_lane.stats;
}

uint16_t ovnet_lane_port(const struct ovnet_lane *l)
{
	(void)l;
	return 8473;
}
