/* SPDX-License-Identifier: BSD-3-Clause */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "port/netdev.h"
#include "port/rtnl.h"

static int take_stats(const struct nlattr *attr, void *arg)
{
	struct rtnl_link_stats64 *out = arg;
	size_t have = mnl_attr_get_payload_len(attr);

	/* Older kernels know fewer counters, newer ones more. */
	if (mnl_attr_get_type(attr) == IFLA_STATS_LINK_64)
		memcpy(out, mnl_attr_get_payload(attr), have < sizeof(*out) ? have : sizeof(*out));
	return MNL_CB_OK;
}

static int take_message(const struct nlmsghdr *nlh, void *arg)
{
	if (nlh->nlmsg_type != RTM_NEWSTATS)
		return MNL_CB_OK;
	return mnl_attr_parse(nlh, sizeof(struct if_stats_msg), take_stats, arg);
}

int ovnet_netdev_tx_dropped(uint32_t ifindex, uint64_t *out)
{
	struct rtnl_link_stats64 stats = {0};
	char buf[128];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = RTM_GETSTATS;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	struct if_stats_msg *ask = mnl_nlmsg_put_extra_header(nlh, sizeof(*ask));
	ask->ifindex = ifindex;
	ask->filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);

	int err = rtnl_ask(nlh, take_message, &stats);
	if (err == 0)
		*out = stats.tx_dropped;
	return err;
}
