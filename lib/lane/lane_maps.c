/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the programs look up: who has which address, next hops, our own addresses; and what they
 * count. The tries replace an entry whole, and give the memory of the former one back only when no
 * packet looks at it any more. A hash may use it again at once: of those, the addresses' entries
 * say nothing beside being there, and the counters' are never removed.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "lane/lane_int.h"
#include "lane_bpf.skel.h"

OVNET_LOG_TYPE(lane)

static_assert(2 * OVNET_LANE_OWN_MAX <= OVNET_LANE_ADDRESSES, "old and new ones together");

void lane_set_state(struct ovnet_lane *lane)
{
	unsigned s = lane->slot << OVNET_LANE_SLOT | (lane->out ? OVNET_LANE_OUT : 0) |
		     (lane->in && lane->device != 0 ? OVNET_LANE_IN : 0);

	__atomic_store_n(&lane->skel->bss->state, (uint8_t)s, __ATOMIC_RELEASE);
}

static struct ovnet_lane_prefix key_of(const struct ovnet_prefix4 *p)
{
	return (struct ovnet_lane_prefix){.len = p->len, .addr_be = htonl(p->addr_host)};
}

static int set_where(struct ovnet_lane *lane, const struct ovnet_prefix4 *prefix,
	const struct ovnet_lane_where *where)
{
	const struct ovnet_lane_prefix key = key_of(prefix);
	char text[OVNET_PREFIX_STRLEN];
	int err = bpf_map_update_elem(bpf_map__fd(lane->skel->maps.where), &key, where, BPF_ANY);

	if (err < 0)
		LOG(ERR, "kernel lane: %s cannot be entered: %s",
			ovnet_prefix4_text(prefix, text, sizeof(text)), strerror(-err));
	return err;
}

int ovnet_lane_set_host(struct ovnet_lane *lane, const struct ovnet_prefix4 *subnet)
{
	return set_where(lane, subnet, &(struct ovnet_lane_where){.kind = OVNET_LANE_HOST});
}

int ovnet_lane_set_elsewhere(struct ovnet_lane *lane, const struct ovnet_prefix4 *prefix)
{
	return set_where(lane, prefix, &(struct ovnet_lane_where){.kind = OVNET_LANE_ELSEWHERE});
}

/* Stays until the lane is closed, and so does what it counted. */
static int make_count(struct ovnet_lane *lane, uint32_t id)
{
	const struct ovnet_lane_count none = {0};
	int err =
		bpf_map_update_elem(bpf_map__fd(lane->skel->maps.counts), &id, &none, BPF_NOEXIST);

	if (err < 0 && err != -EEXIST)
		LOG(ERR, "kernel lane: no counters for peer %u: %s", id, strerror(-err));
	return err == -EEXIST ? 0 : err;
}

/* One's complement sum of the outer IPv4 header without what differs per packet. */
static uint16_t sum_of(struct iphdr ip)
{
	uint16_t w[sizeof(ip) / 2];
	uint32_t sum = 0;

	ip.tot_len = ip.id = ip.check = 0;
	memcpy(w, &ip, sizeof(w));
	for (unsigned i = 0; i < sizeof(w) / sizeof(w[0]); i++)
		sum += ntohs(w[i]);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* False: not what the programs write in front of a packet. */
static bool outer_of(struct ovnet_lane_outer *o, const uint8_t *head)
{
	memcpy(o->eth, head, OVNET_LANE_HEAD);
	memset(o->eth, 0, sizeof(o->eth));
	o->ip.tos &= (uint8_t)~3; /* the inner header's */
	o->ip.tot_len = o->ip.id = o->ip.check = 0;
	o->udp.source = o->udp.len = o->udp.check = 0;
	return o->ip.version == 4 && o->ip.ihl == 5 && o->ip.protocol == IPPROTO_UDP &&
	       o->vxlan[0] == htonl(0x08000000) && o->inner_eth[6] == htons(ETH_P_IP);
}

/* The peer of just this prefix, or of one around it. */
static bool peer_at(const struct ovnet_lane *lane, const struct ovnet_prefix4 *prefix,
	struct ovnet_lane_where *out)
{
	const struct ovnet_lane_prefix key = key_of(prefix);

	return bpf_map_lookup_elem(bpf_map__fd(lane->skel->maps.where), &key, out) == 0 &&
	       out->kind == OVNET_LANE_PEER;
}

int ovnet_lane_set_peer(struct ovnet_lane *lane, const struct ovnet_lane_peer *peer)
{
	struct ovnet_lane_where where = {.kind = OVNET_LANE_PEER,
		.id = peer->id,
		.public_be = peer->public_be,
		.ifindex = peer->ifindex,
		.next_hop_be = peer->next_hop_be,
		.mtu = peer->ifindex != 0 ? peer->mtu : 0};
	struct ovnet_lane_where was;
	int err;

	/* Sent into a device of ours it would come back. */
	if (!outer_of(&where.outer, peer->head) ||
		(peer->ifindex != 0 && (peer->ifindex == lane->device ||
					       peer->ifindex == lane->conf.host_ifindex)))
		return -EINVAL;
	where.sum = sum_of(where.outer.ip);
	if ((err = make_count(lane, peer->id)) < 0)
		return err;
	const bool same = peer_at(lane, &peer->subnet, &was) && was.id == where.id &&
			  was.public_be == where.public_be;
	err = set_where(lane, &peer->subnet, &where);
	if (err == 0 && !same)
		lane_ways_forget_peer(lane, peer->id);
	return err;
}

int ovnet_lane_del(struct ovnet_lane *lane, const struct ovnet_prefix4 *prefix)
{
	const struct ovnet_lane_prefix key = key_of(prefix);
	struct ovnet_lane_where was;
	const bool peer = peer_at(lane, prefix, &was);
	int err = bpf_map_delete_elem(bpf_map__fd(lane->skel->maps.where), &key);

	if (err == 0 && peer)
		lane_ways_forget_peer(lane, was.id);
	return err;
}

int ovnet_lane_set_next_hop(
	struct ovnet_lane *lane, uint32_t ifindex, uint32_t addr_be, const uint8_t *eth)
{
	const struct ovnet_lane_hop key = {
		.len = OVNET_LANE_HOP_LEN, .ifindex = ifindex, .addr_be = addr_be};
	int fd = bpf_map__fd(lane->skel->maps.next_hops), err;
	struct ovnet_lane_eth value = {0};

	if (eth == NULL) {
		err = bpf_map_delete_elem(fd, &key);
		return err == -ENOENT ? 0 : err;
	}
	memcpy(value.w, eth, sizeof(value.w));
	err = bpf_map_update_elem(fd, &key, &value, BPF_ANY);
	if (err < 0)
		LOG(ERR, "kernel lane: a next hop cannot be entered: %s", strerror(-err));
	return err;
}

static bool contains(const uint32_t *addr_be, unsigned n, uint32_t one)
{
	for (unsigned i = 0; i < n; i++)
		if (addr_be[i] == one)
			return true;
	return false;
}

/* What is not among them any more. */
static int prune(int fd, const uint32_t *addr_be, unsigned n)
{
	uint32_t gone[OVNET_LANE_ADDRESSES], at, next;
	const uint32_t *from = NULL;
	unsigned n_gone = 0;
	int err = 0;

	for (unsigned i = 0; i < OVNET_LANE_ADDRESSES; i++) {
		if (bpf_map_get_next_key(fd, from, &next) < 0)
			break;
		if (!contains(addr_be, n, next))
			gone[n_gone++] = next;
		at = next;
		from = &at;
	}
	for (unsigned i = 0; i < n_gone && err == 0; i++)
		err = bpf_map_delete_elem(fd, &gone[i]);
	return err;
}

int ovnet_lane_set_addresses(struct ovnet_lane *lane, const uint32_t *addr_be, unsigned n)
{
	const uint8_t one = 1;
	int fd = bpf_map__fd(lane->skel->maps.addresses), err = 0;

	if (n > OVNET_LANE_OWN_MAX) {
		LOG(ERR, "kernel lane: %u addresses of the node's own, at most %u", n,
			OVNET_LANE_OWN_MAX);
		return -E2BIG;
	}
	for (unsigned i = 0; i < n && err == 0; i++)
		err = bpf_map_update_elem(fd, &addr_be[i], &one, BPF_ANY);
	if (err == 0)
		err = prune(fd, addr_be, n);
	if (err < 0)
		LOG(ERR, "kernel lane: the node's addresses cannot be entered: %s", strerror(-err));
	return err;
}

void ovnet_lane_peer_counters(
	const struct ovnet_lane *lane, uint32_t id, struct ovnet_lane_counters *out)
{
	struct ovnet_lane_count n = {0};

	(void)bpf_map_lookup_elem(bpf_map__fd(lane->skel->maps.counts), &id, &n);
	*out = (struct ovnet_lane_counters){.tx_packets = n.tx_packets,
		.tx_bytes = n.tx_bytes,
		.rx_packets = n.rx_packets,
		.rx_bytes = n.rx_bytes};
}

void ovnet_lane_stats(const struct ovnet_lane *lane, struct ovnet_lane_stats *out)
{
	const uint64_t held = __atomic_load_n(&lane->skel->bss->last_held, __ATOMIC_RELAXED);
	const uint32_t zero = 0;

	*out = (struct ovnet_lane_stats){
		.held_ifindex = (uint32_t)(held >> 32), .held_be = (uint32_t)held};
	if (bpf_map_lookup_elem(bpf_map__fd(lane->skel->maps.totals), &zero, lane->totals) < 0)
		return;
	for (int i = 0; i < lane->n_cpus; i++) {
		const struct ovnet_lane_totals *t = &lane->totals[i];
		out->tx_packets += t->tx_packets;
		out->rx_packets += t->rx_packets;
		out->sent_up += t->sent_up;
		out->came_up += t->came_up;
		out->bad += t->bad;
		out->failed += t->failed;
		out->held += t->held;
		out->merged += t->merged;
	}
}
