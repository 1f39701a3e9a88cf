/* SPDX-License-Identifier: BSD-3-Clause */
/* What others have put into the main table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

static void add(struct nl_list *list, const struct ovnet_prefix *dst, const struct nlattr *gateway,
	uint32_t ifindex)
{
	struct ovnet_main_route *r = nl_list_add(list, sizeof(*r));

	if (r == NULL)
		return;
	r->dst = *dst;
	r->ifindex = ifindex;
	nl_addr(gateway, dst->family, &r->gateway);
}

/* Next hops stand one behind the other, each with its attributes (rtnetlink(7)). */
static void add_hops(
	struct nl_list *list, const struct ovnet_prefix *dst, const struct nlattr *multipath)
{
	const uint8_t *at = mnl_attr_get_payload(multipath);
	size_t left = mnl_attr_get_payload_len(multipath);
	struct rtnexthop hop;

	while (left >= sizeof(hop)) {
		const struct nlattr *attr, *gateway = NULL;
		memcpy(&hop, at, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > left)
			return;
		mnl_attr_for_each_payload(
			(const void *)(at + sizeof(hop)), hop.rtnh_len - sizeof(hop))
		{
			if (mnl_attr_get_type(attr) == RTA_GATEWAY)
				gateway = attr;
		}
		add(list, dst, gateway, (uint32_t)hop.rtnh_ifindex);
		size_t step = RTNH_ALIGN(hop.rtnh_len);
		at += step < left ? step : left;
		left -= step < left ? step : left;
	}
}

static void collect(void *arg, const struct nlmsghdr *msg)
{
	struct nl_list *list = arg;
	const struct nlattr *tb[RTA_MAX + 1];
	struct ovnet_prefix dst;

	if (msg == NULL) {
		list->n = 0;
		return;
	}
	const struct rtmsg *rtm = nl_parse(msg, sizeof(*rtm), tb, RTA_MAX);
	if (msg->nlmsg_type != RTM_NEWROUTE || rtm == NULL || rtm->rtm_flags & RTM_F_CLONED ||
		rtm->rtm_protocol == OVNET_RTPROT ||
		nl_u32(tb[RTA_TABLE], rtm->rtm_table) != RT_TABLE_MAIN ||
		!route_parse_dst(tb[RTA_DST], rtm, &dst))
		return;
	if (tb[RTA_MULTIPATH] != NULL)
		add_hops(list, &dst, tb[RTA_MULTIPATH]);
	else
		add(list, &dst, tb[RTA_GATEWAY], nl_u32(tb[RTA_OIF], 0));
}

int ovnet_kernel_main_routes(struct ovnet_kernel *k, uint32_t ifindex,
	void (*each)(void *arg, const struct ovnet_main_route *route), void *arg)
{
	struct nl_request req;
	struct nl_list list = {0};

	route_list_compose(&req, 0, ifindex);
	int err = nl_dump(&k->nl, &req, collect, &list);
	if (err == -ENODEV) {
		list.n = 0;
		err = 0;
	}
	if (err == 0)
		err = list.err;
	if (err < 0)
		LOG(ERR, "routes: cannot be listed: %s", nl_why(&k->nl, err));
	const struct ovnet_main_route *r = list.items;
	for (unsigned i = 0; err == 0 && i < list.n; i++)
		each(arg, &r[i]);
	free(list.items);
	return err;
}
