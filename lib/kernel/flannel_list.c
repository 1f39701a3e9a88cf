/* SPDX-License-Identifier: BSD-3-Clause */
/* flannel's routes, and how many neighbours and fdb entries it has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernel/flannel_list.h"

OVNET_LOG_TYPE(kernel)

struct routes {
	const struct ovnet_flannel_search *s;
	const struct ovnet_flannel_layout *layout;
	struct nl_list list; /* of struct ovnet_flannel_peer */
};

static bool is_on_device(const struct ovnet_flannel_layout *l, uint32_t ifindex)
{
	return ifindex != 0 && (ifindex == l->device[0].ifindex || ifindex == l->device[1].ifindex);
}

/*
 * As flanneld sets it for host-gw and DirectRouting: by "boot", which is what its library and `ip
 * route add` say, to just a subnet that may be leased, by way of somebody.
 */
static bool is_direct(const struct ovnet_flannel_search *s, const struct rtmsg *rtm,
	const struct ovnet_flannel_peer *p)
{
	unsigned i = family_index(p->subnet.family);
	struct ovnet_addr base = ovnet_prefix_first(&p->subnet);

	return (rtm->rtm_protocol == RTPROT_BOOT || rtm->rtm_protocol == RTPROT_UNSPEC) &&
	       p->public_ip.family != 0 && s->network[i].family != 0 &&
	       rtm->rtm_dst_len == s->subnet_len[i] && s->leasable(s->arg, &base);
}

static void collect_route(void *arg, const struct nlmsghdr *msg)
{
	struct routes *r = arg;
	struct ovnet_flannel_peer p = {0}, *peer;
	const struct nlattr *tb[RTA_MAX + 1];

	if (msg == NULL) {
		r->list.n = 0;
		return;
	}
	const struct rtmsg *rtm = nl_parse(msg, sizeof(*rtm), tb, RTA_MAX);
	if (msg->nlmsg_type != RTM_NEWROUTE || rtm == NULL || rtm->rtm_flags & RTM_F_CLONED ||
		rtm->rtm_protocol == OVNET_RTPROT || rtm->rtm_protocol == RTPROT_KERNEL ||
		rtm->rtm_type != RTN_UNICAST || tb[RTA_MULTIPATH] != NULL ||
		nl_u32(tb[RTA_TABLE], rtm->rtm_table) != RT_TABLE_MAIN ||
		!route_parse_dst(tb[RTA_DST], rtm, &p.subnet))
		return;
	p.link = nl_u32(tb[RTA_OIF], 0);
	nl_addr(tb[RTA_GATEWAY], rtm->rtm_family, &p.public_ip);
	p.direct = !is_on_device(r->layout, p.link);
	if (p.direct && !is_direct(r->s, rtm, &p))
		return;
	if (!p.direct)
		p.public_ip = (struct ovnet_addr){0}; /* the fdb's to say */
	peer = nl_list_add(&r->list, sizeof(*peer));
	if (peer != NULL)
		*peer = p;
}

static int list_routes(
	struct nl *nl, const struct ovnet_flannel_search *s, struct ovnet_flannel_found *out)
{
	struct routes r = {.s = s, .layout = &out->layout};
	struct nl_request req;

	route_list_compose(&req, 0, 0);
	int err = nl_dump(nl, &req, collect_route, &r);
	if (err == -ENOENT) { /* no route was ever made */
		r.list.n = 0;
		err = 0;
	}
	if (err == 0)
		err = r.list.err;
	if (err < 0) {
		LOG(ERR, "routes: cannot be listed: %s", nl_why(nl, err));
		free(r.list.items);
		return err;
	}
	out->layout.peers = r.list.items;
	out->layout.n_peers = r.list.n;
	for (unsigned i = 0; i < r.list.n; i++)
		out->n_direct += out->layout.peers[i].direct;
	return 0;
}

struct tally {
	uint32_t ifindex;
	unsigned n;
};

static void count(void *arg, const struct nlmsghdr *msg)
{
	struct tally *t = arg;

	if (msg == NULL) {
		t->n = 0;
		return;
	}
	if (msg->nlmsg_type != RTM_NEWNEIGH ||
		mnl_nlmsg_get_payload_len(msg) < sizeof(struct ndmsg))
		return;
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(msg);
	t->n += (uint32_t)ndm->ndm_ifindex == t->ifindex && ndm->ndm_state & NUD_PERMANENT;
}

/* Of a device: neighbours, or, with AF_BRIDGE, fdb entries. */
static int tally(struct nl *nl, uint8_t family, uint32_t ifindex, unsigned *n)
{
	struct tally t = {.ifindex = ifindex};
	struct nl_request req;
	struct ndmsg *ndm = nl_begin(&req, RTM_GETNEIGH, 0, sizeof(*ndm));

	ndm->ndm_family = family;
	if (family == AF_BRIDGE)
		ndm->ndm_ifindex = (int)ifindex;
	else
		mnl_attr_put_u32(req.hdr, NDA_IFINDEX, ifindex);
	int err = nl_dump(nl, &req, count, &t);
	if (err < 0 && err != -ENODEV)
		LOG(ERR, "link %u: its neighbours cannot be listed: %s", ifindex, nl_why(nl, err));
	*n += t.n;
	return err == -ENODEV ? 0 : err;
}

int flannel_list(
	struct nl *nl, const struct ovnet_flannel_search *s, struct ovnet_flannel_found *out)
{
	int err = list_routes(nl, s, out);

	for (unsigned i = 0; err == 0 && i < 2; i++) {
		uint32_t ifindex = out->layout.device[i].ifindex;
		if (ifindex == 0)
			continue;
		err = tally(nl, i == 0 ? AF_INET : AF_INET6, ifindex, &out->neighbours);
		if (err == 0 && out->layout.kind == OVNET_FLANNEL_VXLAN)
			err = tally(nl, AF_BRIDGE, ifindex, &out->entries);
	}
	if (err == 0 && out->layout.kind == OVNET_FLANNEL_NONE && out->n_direct > 0)
		out->layout.kind = OVNET_FLANNEL_HOST_GW;
	return err;
}
