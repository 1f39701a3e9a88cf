/* SPDX-License-Identifier: BSD-3-Clause */
/* By which interfaces the lane sends and takes in, and whom what comes by them is for. */
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "lane/kernel_lane.h"

OVNET_LOG_TYPE(lane)

/*
 * What DPDK drives the kernel never sees, and where AF_XDP is, it has the queues. Where an operator
 * has packets pass the kernel's IP layer, its rules and policies are about the overlay's port.
 */
uint32_t kernel_lane_ifindex(const struct uplink *u)
{
	bool kernels = u->port->driver == &ovnet_driver_socket ||
		       u->port->driver == &ovnet_driver_af_packet;
	bool rules = u->conf != NULL && u->conf->send_udp;

	return u->twin == NULL && kernels && !rules ? u->link.ifindex : 0;
}

/*
 * XDP has a packet before tc has it, and AF_PACKET a copy: the lane's packets would come twice. The
 * kernel's UDP is behind tc, and its sockets get what the lane leaves.
 */
static uint32_t ifindex_in(const struct uplink *u)
{
	return u->port->driver == &ovnet_driver_socket ? kernel_lane_ifindex(u) : 0;
}

static bool has(const uint32_t *list, unsigned n, uint32_t value)
{
	for (unsigned i = 0; i < n; i++)
		if (list[i] == value)
			return true;
	return false;
}

/* What comes by one that does not take its program goes by the workers, as without a lane. */
static void tell_interfaces(struct kernel_lane *l, const uint32_t *now, unsigned n)
{
	for (unsigned i = 0; i < l->n_uplinks; i++)
		if (!has(now, n, l->ifindex[i]))
			ovnet_lane_uplink_del(l->lane, l->ifindex[i]);
	for (unsigned i = 0; i < n; i++) {
		int rc = has(l->ifindex, l->n_uplinks, now[i])
				 ? 0
				 : ovnet_lane_uplink_add(l->lane, now[i]);
		if (rc < 0)
			LOG(WARN,
				"no kernel lane for packets that come by interface %u (%s): they "
				"go by the workers, which is slower",
				now[i], strerror(-rc));
	}
	memcpy(l->ifindex, now, n * sizeof(now[0]));
	l->n_uplinks = n;
}

static unsigned add(uint32_t list[OVNET_LANE_OWN_MAX], unsigned n, const struct ovnet_addr *addr)
{
	if (addr->family == AF_INET && n < OVNET_LANE_OWN_MAX && !has(list, n, addr->v4_be))
		list[n++] = addr->v4_be;
	return n;
}

/* Those peers send to come first, as there may be more than the lane takes. */
static int tell_addresses(struct kernel_lane *l)
{
	const struct underlay *under = l->underlay;
	uint32_t now[OVNET_LANE_OWN_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < under->n; i++)
		if (uplink_has(&under->uplinks[i], &l->node->public_ip))
			n = add(now, n, &l->node->public_ip);
	for (unsigned i = 0; i < under->n; i++)
		if (under->uplinks[i].n_addrs > 0)
			n = add(now, n, &under->uplinks[i].addr);
	for (unsigned i = 0; i < under->n; i++)
		for (unsigned j = 0; j < under->uplinks[i].n_addrs; j++)
			n = add(now, n, &under->uplinks[i].addrs[j]);
	if (n == l->n_addrs && memcmp(now, l->addr_be, n * sizeof(now[0])) == 0)
		return 0;
	int rc = ovnet_lane_set_addresses(l->lane, now, n);
	if (rc < 0)
		return rc;
	memcpy(l->addr_be, now, n * sizeof(now[0]));
	l->n_addrs = n;
	return 0;
}

int kernel_lane_tell_uplinks(struct kernel_lane *l)
{
	uint32_t now[CONF_MAX_UPLINKS];
	unsigned n = 0;

	for (unsigned i = 0; i < l->underlay->n; i++) {
		uint32_t ifindex = ifindex_in(&l->underlay->uplinks[i]);
		if (ifindex != 0)
			now[n++] = ifindex;
	}
	tell_interfaces(l, now, n);
	return tell_addresses(l);
}
