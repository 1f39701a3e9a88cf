/* SPDX-License-Identifier: BSD-3-Clause */
/* Taking away what flannel_find.c found. */
#include <errno.h>
#include <linux/ip.h>
#include <net/if.h>
#include <string.h>

#include "base/log.h"
#include "kernel/flannel_find.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

#define LOOSE 2 /* wins over a strict "all" */

void ovnet_flannel_devices_loosen(struct ovnet_kernel *k, const struct ovnet_flannel_layout *l)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct ovnet_flannel_device *d = &l->device[i];
		int err = d->ifindex == 0 ? 0
					  : link_set_conf4(&k->nl, d->ifindex,
						    IPV4_DEVCONF_RP_FILTER, LOOSE);
		if (err < 0)
			LOG(WARN,
				"%s: reverse path filtering stays as it is: %s; where it is "
				"strict, packets from peers are lost until ovnet receives them",
				d->name, nl_why(&k->nl, err));
	}
}

int ovnet_flannel_devices_down(struct ovnet_kernel *k, const struct ovnet_flannel_layout *l)
{
	int first = 0;

	for (unsigned i = 0; i < 2; i++) {
		const struct ovnet_flannel_device *d = &l->device[i];
		struct nl_request req;
		struct ifinfomsg *ifi = nl_begin(&req, RTM_NEWLINK, 0, sizeof(*ifi));
		if (d->ifindex == 0)
			continue;
		ifi->ifi_index = (int)d->ifindex;
		ifi->ifi_change = IFF_UP;
		int err = nl_send(&k->nl, &req, NULL, NULL);
		if (err < 0 && err != -ENODEV) {
			LOG(ERR, "%s: cannot be set down: %s", d->name, nl_why(&k->nl, err));
			first = first == 0 ? err : first;
		}
	}
	return first;
}

static void take_received(void *arg, const struct nlmsghdr *msg)
{
	const struct nlattr *tb[IFLA_MAX + 1];
	struct rtnl_link_stats64 stats;
	uint64_t *sum = arg;

	if (msg->nlmsg_type != RTM_NEWLINK ||
		nl_parse(msg, sizeof(struct ifinfomsg), tb, IFLA_MAX) == NULL ||
		tb[IFLA_STATS64] == NULL)
		return;
	/* Longer or shorter, as the kernel is newer or older. */
	size_t len = mnl_attr_get_payload_len(tb[IFLA_STATS64]);
	memset(&stats, 0, sizeof(stats));
	memcpy(&stats, mnl_attr_get_payload(tb[IFLA_STATS64]),
		len < sizeof(stats) ? len : sizeof(stats));
	/* From when it goes down packets are counted and dropped. */
	*sum += stats.rx_packets - stats.rx_dropped;
}

uint64_t ovnet_flannel_devices_received(
	struct ovnet_kernel *k, const struct ovnet_flannel_layout *l)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct nl_request req;
		struct ifinfomsg *ifi = nl_begin(&req, RTM_GETLINK, 0, sizeof(*ifi));
		ifi->ifi_index = (int)l->device[i].ifindex;
		if (l->device[i].ifindex != 0)
			(void)nl_send(&k->nl, &req, take_received, &sum); /* gone: none */
	}
	return sum;
}

unsigned ovnet_flannel_direct_remove(struct ovnet_kernel *k, const struct ovnet_flannel_layout *l)
{
	unsigned removed = 0;

	for (unsigned i = 0; i < l->n_peers; i++) {
		const struct route_entry route = {.dst = l->peers[i].subnet,
			.ifindex = l->peers[i].link,
			.type = RTN_UNICAST,
			.protocol = RTPROT_BOOT};
		/* Most are not there any more: a route of ours took their place. */
		removed += l->peers[i].direct && route_remove(&k->nl, &route) == 0;
	}
	return removed;
}
