/* SPDX-License-Identifier: BSD-3-Clause */
/* Peers and next hops as the FIB has them. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "lane/kernel_lane.h"

OVNET_LOG_TYPE(lane)

static struct ovnet_lane_peer lane_peer(const struct peer *p, const struct ovnet_peer *fp)
{
	struct ovnet_lane_peer to = {
		.subnet = p->subnet.v4,
		.public_be = p->public_ip.v4_be,
		.mtu = fp->mtu,
		.ifindex = kernel_lane_ifindex(p->hop.uplink),
		.next_hop_be = p->hop.addr.v4_be,
		.id = fp->id,
	};

	/* In front of that are the FIB's own pointers. */
	memcpy(to.head + OVNET_ETH_LEN, fp->rewrite.bytes + OVNET_ETH_LEN,
		sizeof(to.head) - OVNET_ETH_LEN);
	return to;
}

/* A former entry would send to where the peer was. A subnet may be ours by now. */
static void withdraw(struct kernel_lane *l, const struct ovnet_prefix4 *subnet)
{
	int rc = kernel_lane_is_own(l, subnet) ? 0 : ovnet_lane_del(l->lane, subnet);

	if (rc < 0 && rc != -ENOENT)
		kernel_lane_give_up(l, "a peer that is gone", rc);
}

/* Nothing while the MAC is unknown: packets then wait for it, or are refused, at the workers. */
static void tell_hop(struct kernel_lane *l, const struct next_hop_ref *hop)
{
	const struct ovnet_nexthop *nh = ovnet_nh_get(hop->nh);

	kernel_lane_next_hop(l, hop->ifindex, &hop->addr, nh->resolved ? nh->eth : NULL);
}

/* NULL: the FIB does not have it, or not as it is. */
static const struct ovnet_peer *published(const struct kernel_lane *l, const struct peer *p)
{
	if (!p->published || p->state != PEER_OK)
		return NULL;
	return ovnet_fib_get_peer(l->engine->fib, &p->subnet);
}

void kernel_lane_peer(struct kernel_lane *l, const struct peer *p)
{
	char text[OVNET_PREFIX_STRLEN];

	if (l->lane == NULL || l->cannot != NULL || p->subnet.family != AF_INET)
		return;
	const struct ovnet_peer *fp = published(l, p);
	if (fp == NULL || fp->encap != OVNET_ENCAP_VXLAN4) {
		withdraw(l, &p->subnet.v4);
		return;
	}
	const struct ovnet_lane_peer to = lane_peer(p, fp);
	tell_hop(l, &p->hop);
	int rc = ovnet_lane_set_peer(l->lane, &to);
	if (rc == 0)
		return;
	LOG(WARN, "peer %s is not in the kernel lane (%s): its packets go by the workers",
		ovnet_prefix_text(&p->subnet, text, sizeof(text)), strerror(-rc));
	withdraw(l, &p->subnet.v4);
}

void kernel_lane_next_hop(
	struct kernel_lane *l, uint32_t ifindex, const struct ovnet_addr *addr, const uint8_t *eth)
{
	if (l->lane == NULL || l->cannot != NULL || ifindex == 0 || addr->family != AF_INET)
		return;
	int rc = ovnet_lane_set_next_hop(l->lane, ifindex, addr->v4_be, eth);
	/* Where the new MAC is not taken the former one has to go. */
	if (rc < 0 && eth != NULL)
		rc = ovnet_lane_set_next_hop(l->lane, ifindex, addr->v4_be, NULL);
	if (rc < 0 && rc != -ENOENT)
		kernel_lane_give_up(l, "a next hop", rc);
}

void kernel_lane_counted(const struct kernel_lane *l, uint32_t id, struct ovnet_peer_counters *sum)
{
	struct ovnet_lane_counters c;

	if (l->lane == NULL)
		return;
	ovnet_lane_peer_counters(l->lane, id, &c);
	sum->tx_packets += c.tx_packets;
	sum->tx_bytes += c.tx_bytes;
	sum->rx_packets += c.rx_packets;
	sum->rx_bytes += c.rx_bytes;
}
