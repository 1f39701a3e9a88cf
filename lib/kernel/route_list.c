/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

struct filter {
	struct nl_list *list;
	uint32_t ifindex;
	uint8_t protocol;
};

static uint32_t first_hop(const struct nlattr *multipath)
{
	struct rtnexthop hop;

	if (multipath == NULL || mnl_attr_get_payload_len(multipath) < sizeof(hop))
		return 0;
	memcpy(&hop, mnl_attr_get_payload(multipath), sizeof(hop));
	return (uint32_t)hop.rtnh_ifindex;
}

/* All zero for the default route, which has no such attribute. */
bool route_parse_dst(const struct nlattr *attr, const struct rtmsg *rtm, struct ovnet_prefix *out)
{
	struct ovnet_addr dst = {0};

	*out = (struct ovnet_prefix){.family = rtm->rtm_family};
	nl_addr(attr, rtm->rtm_family, &dst);
	if (rtm->rtm_family == AF_INET && rtm->rtm_dst_len <= 32)
		out->v4 = (struct ovnet_prefix4){ntohl(dst.v4_be), rtm->rtm_dst_len};
	else if (rtm->rtm_family == AF_INET6 && rtm->rtm_dst_len <= 128)
		out->v6 = (struct ovnet_prefix6){.len = rtm->rtm_dst_len};
	else
		return false;
	if (rtm->rtm_family == AF_INET6)
		memcpy(out->v6.addr, dst.v6, sizeof(out->v6.addr));
	return true;
}

static bool parse(const struct nlmsghdr *msg, struct route_entry *out)
{
	const struct nlattr *tb[RTA_MAX + 1];
	const struct rtmsg *rtm = nl_parse(msg, sizeof(*rtm), tb, RTA_MAX);

	if (rtm == NULL || rtm->rtm_flags & RTM_F_CLONED ||
		nl_u32(tb[RTA_TABLE], rtm->rtm_table) != RT_TABLE_MAIN ||
		!route_parse_dst(tb[RTA_DST], rtm, &out->dst))
		return false;
	out->ifindex = nl_u32(tb[RTA_OIF], first_hop(tb[RTA_MULTIPATH]));
	out->metric = nl_u32(tb[RTA_PRIORITY], 0);
	out->type = rtm->rtm_type;
	out->tos = rtm->rtm_tos;
	out->protocol = rtm->rtm_protocol;
	return true;
}

void route_collect(
	struct nl_list *list, uint8_t protocol, uint32_t ifindex, const struct nlmsghdr *msg)
{
	struct route_entry found, *entry;

	if (msg->nlmsg_type != RTM_NEWROUTE || !parse(msg, &found) ||
		(protocol != 0 && found.protocol != protocol) ||
		(ifindex != 0 && found.ifindex != ifindex))
		return;
	entry = nl_list_add(list, sizeof(*entry));
	if (entry != NULL)
		*entry = found;
}

static void collect(void *arg, const struct nlmsghdr *msg)
{
	const struct filter *f = arg;

	if (msg == NULL)
		f->list->n = 0;
	else
		route_collect(f->list, f->protocol, f->ifindex, msg);
}

void nl_put_prefix(struct nlmsghdr *hdr, uint16_t attr, const struct ovnet_prefix *p)
{
	struct ovnet_addr base = ovnet_prefix_first(p);

	nl_put_addr(hdr, attr, &base);
}

void route_list_compose(struct nl_request *req, uint8_t protocol, uint32_t ifindex)
{
	struct rtmsg *rtm = nl_begin(req, RTM_GETROUTE, 0, sizeof(*rtm));

	rtm->rtm_family = AF_UNSPEC;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = protocol;
	if (ifindex != 0)
		mnl_attr_put_u32(req->hdr, RTA_OIF, ifindex);
}

static int dump(struct nl *nl, struct nl_request *req, struct filter *f)
{
	struct nl_list *list = f->list;
	int err = nl_dump(nl, req, collect, f);

	if (err == -ENOENT || err == -ENODEV) { /* no route was ever made; no such link */
		list->n = 0;
		err = 0;
	}
	if (err == 0)
		err = list->err;
	if (err < 0)
		LOG(ERR, "routes: cannot be listed: %s", nl_why(nl, err));
	return err;
}

int route_list(struct nl *nl, uint8_t protocol, uint32_t ifindex, struct nl_list *list)
{
	struct nl_request req;
	struct filter f = {.list = list, .ifindex = ifindex, .protocol = protocol};

	route_list_compose(&req, protocol, ifindex);
	return dump(nl, &req, &f);
}

/* The kernel picks them: there may be 65,536 others. */
int route_list_blackholes(struct nl *nl, struct nl_list *list)
{
	struct nl_request req;
	struct filter f = {.list = list, .protocol = OVNET_RTPROT};

	route_list_compose(&req, OVNET_RTPROT, 0);
	((struct rtmsg *)mnl_nlmsg_get_payload(req.hdr))->rtm_type = RTN_BLACKHOLE;
	int err = dump(nl, &req, &f);
	/* A kernel that does not filter by type sends them all. */
	struct route_entry *r = list->items;
	unsigned kept = 0;
	for (unsigned i = 0; i < list->n; i++)
		if (r[i].type == RTN_BLACKHOLE)
			r[kept++] = r[i];
	list->n = kept;
	return err;
}

void route_remove_compose(struct nl_request *req, const struct route_entry *route)
{
	struct rtmsg *rtm = nl_begin(req, RTM_DELROUTE, 0, sizeof(*rtm));

	rtm->rtm_family = route->dst.family;
	rtm->rtm_dst_len = ovnet_prefix_len(&route->dst);
	rtm->rtm_tos = route->tos;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = route->protocol;
	rtm->rtm_scope = RT_SCOPE_NOWHERE; /* any */
	rtm->rtm_type = route->type;
	nl_put_prefix(req->hdr, RTA_DST, &route->dst);
	if (route->ifindex != 0)
		mnl_attr_put_u32(req->hdr, RTA_OIF, route->ifindex);
	if (route->metric != 0)
		mnl_attr_put_u32(req->hdr, RTA_PRIORITY, route->metric);
}

int route_remove(struct nl *nl, const struct route_entry *route)
{
	struct nl_request req;

	route_remove_compose(&req, route);
	int err = nl_send(nl, &req, NULL, NULL);
	if (err < 0 && err != -ESRCH && err != -ENODEV) {
		char text[OVNET_PREFIX_STRLEN];
		LOG(ERR, "route %s of link %u: cannot be removed: %s",
			ovnet_prefix_text(&route->dst, text, sizeof(text)), route->ifindex,
			nl_why(nl, err));
	}
	return err == -ENODEV ? -ESRCH : err;
}
