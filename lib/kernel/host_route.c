/* SPDX-License-Identifier: BSD-3-Clause */
/* One route per lease through the host device, in flannel's shape. */
#include <errno.h>

#include "base/log.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

#define USER_METRIC6 1024 /* IP6_RT_PRIO_USER: of IPv6 routes that were given none */

/* A lease comes from etcd: it must never become a default route or one for 127/8. */
bool route_is_routable(const struct ovnet_prefix *subnet)
{
	struct ovnet_addr base = ovnet_prefix_first(subnet);
	struct ovnet_prefix6 masked = subnet->v6;

	if (!ovnet_addr_is_unicast(&base))
		return false;
	if (subnet->family == AF_INET)
		return subnet->v4.len > 0 && subnet->v4.len <= 32 &&
		       (subnet->v4.addr_host & ~ovnet_mask4(subnet->v4.len)) == 0;
	if (subnet->family != AF_INET6 || masked.len == 0 || masked.len > 128)
		return false;
	ovnet_prefix6_mask(&masked);
	return ovnet_prefix6_equal(&masked, &subnet->v6);
}

static void compose(struct nl_request *req, const struct ovnet_kernel *k, uint32_t ifindex,
	const struct ovnet_prefix *subnet)
{
	struct rtmsg *rtm = nl_begin(req, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*rtm));

	rtm->rtm_family = subnet->family;
	rtm->rtm_dst_len = ovnet_prefix_len(subnet);
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = OVNET_RTPROT;
	rtm->rtm_type = RTN_UNICAST;
	rtm->rtm_scope = RT_SCOPE_LINK;
	nl_put_prefix(req->hdr, RTA_DST, subnet);
	mnl_attr_put_u32(req->hdr, RTA_OIF, ifindex);
	if (subnet->family == AF_INET && k->no_gateways)
		return;
	rtm->rtm_scope = RT_SCOPE_UNIVERSE;
	rtm->rtm_flags = RTNH_F_ONLINK;
	nl_put_prefix(req->hdr, RTA_GATEWAY, subnet);
}

/*
 * IPv6 replaces no route whose gateway, by that route, is reached by another device, as flannel's
 * are by flannel-v6.1: it goes before ours comes.
 */
static int make_way6(struct nl *nl, const struct ovnet_prefix *subnet)
{
	const struct route_entry there = {
		.dst = *subnet, .metric = USER_METRIC6, .type = RTN_UNICAST};

	return route_remove(nl, &there);
}

int ovnet_host_route_set(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_prefix *subnet)
{
	struct nl_request req;
	char text[OVNET_PREFIX_STRLEN];

	ovnet_prefix_text(subnet, text, sizeof(text));
	if (!route_is_routable(subnet)) {
		LOG(ERR, "route %s: not a subnet of unicast addresses, refused", text);
		return -EINVAL;
	}
	compose(&req, k, ifindex, subnet);
	int err = nl_send(&k->nl, &req, NULL, NULL);
	if (err == -EINVAL && subnet->family == AF_INET6 && make_way6(&k->nl, subnet) == 0)
		err = nl_send(&k->nl, &req, NULL, NULL);
	if (err < 0)
		LOG(ERR, "route %s via link %u: cannot be set: %s", text, ifindex,
			nl_why(&k->nl, err));
	return err;
}

static struct route_entry entry_of(uint32_t ifindex, const struct ovnet_prefix *subnet)
{
	return (struct route_entry){
		.dst = *subnet, .ifindex = ifindex, .type = RTN_UNICAST, .protocol = OVNET_RTPROT};
}

int ovnet_host_route_del(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_prefix *subnet)
{
	struct route_entry route = entry_of(ifindex, subnet);
	int err = route_remove(&k->nl, &route);

	return err == -ESRCH ? 0 : err;
}

static int change_alone(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_host_route_change *c)
{
	return c->set ? ovnet_host_route_set(k, ifindex, &c->subnet)
		      : ovnet_host_route_del(k, ifindex, &c->subnet);
}

static void change_some(
	struct ovnet_kernel *k, uint32_t ifindex, struct ovnet_host_route_change *c, unsigned n)
{
	struct nl_batch batch = {0};
	unsigned at[NL_BATCH];
	struct nl_request req;

	for (unsigned i = 0; i < n; i++) {
		c[i].rc = -EINVAL;
		if (!route_is_routable(&c[i].subnet)) {
			c[i].rc = change_alone(k, ifindex, &c[i]);
			continue;
		}
		struct route_entry route = entry_of(ifindex, &c[i].subnet);
		if (c[i].set)
			compose(&req, k, ifindex, &c[i].subnet);
		else
			route_remove_compose(&req, &route);
		at[batch.n] = i;
		nl_batch_add(&batch, &req);
	}
	int err = nl_batch_run(&k->nl, &batch, NULL, NULL);
	/* What failed is tried again alone, which knows what is no failure and the words for it. */
	for (unsigned i = 0; i < batch.n; i++)
		c[at[i]].rc =
			err < 0 || batch.verdict[i] < 0 ? change_alone(k, ifindex, &c[at[i]]) : 0;
}

void ovnet_host_routes_change(struct ovnet_kernel *k, uint32_t ifindex,
	struct ovnet_host_route_change *changes, unsigned n)
{
	for (unsigned done = 0; done < n; done += NL_BATCH)
		change_some(k, ifindex, changes + done, n - done < NL_BATCH ? n - done : NL_BATCH);
}
