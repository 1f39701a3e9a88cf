/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes through the host device to what is at attach ports. Others' routes are not replaced. */
#include <errno.h>
#include <string.h>

#include "kernel/internal.h"

/*
 * The last address but one: neither the subnet's first, which is the host device's, nor its second,
 * a bridge's, nor its last, a broadcast address. The kernel takes none of these for a gateway.
 */
static struct ovnet_addr one_of(const struct ovnet_prefix *p)
{
	uint32_t hosts = ~ovnet_mask4(p->v4.len);
	struct ovnet_addr last;

	if (p->family == AF_INET)
		return ovnet_addr_v4(p->v4.addr_host + hosts - (hosts > 0));
	last = ovnet_addr_v6(p->v6.addr);
	for (unsigned bit = p->v6.len; bit < 127; bit++)
		last.v6[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return last;
}

static void compose(
	struct nl_request *req, uint32_t ifindex, const struct ovnet_prefix *dst, bool gateway)
{
	struct rtmsg *rtm = nl_begin(req, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(*rtm));

	rtm->rtm_family = dst->family;
	rtm->rtm_dst_len = ovnet_prefix_len(dst);
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = OVNET_RTPROT;
	rtm->rtm_type = RTN_UNICAST;
	rtm->rtm_scope = RT_SCOPE_LINK;
	nl_put_prefix(req->hdr, RTA_DST, dst);
	mnl_attr_put_u32(req->hdr, RTA_OIF, ifindex);
	if (!gateway || dst->family != AF_INET)
		return;
	struct ovnet_addr via = one_of(dst);
	rtm->rtm_scope = RT_SCOPE_UNIVERSE;
	rtm->rtm_flags = RTNH_F_ONLINK;
	nl_put_addr(req->hdr, RTA_GATEWAY, &via);
}

/* Not all addresses will do for a gateway. */
static int set_bare(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_host_route_change *c)
{
	struct nl_request req;

	compose(&req, ifindex, &c->subnet, false);
	return nl_send(&k->nl, &req, NULL, NULL);
}

static int outcome(struct ovnet_kernel *k, uint32_t ifindex, bool gateways,
	const struct ovnet_host_route_change *c, int rc)
{
	if (!c->set)
		return rc == -ESRCH || rc == -ENODEV ? 0 : rc;
	return rc == -EINVAL && gateways ? set_bare(k, ifindex, c) : rc;
}

/* Where the one address of a range that was looked up is this host's, that says nothing. */
static bool leads_by(
	const struct ovnet_prefix *dst, const struct ovnet_route_query *q, uint32_t ifindex)
{
	bool range = ovnet_prefix_len(dst) < (dst->family == AF_INET ? 32 : 128);

	if (q->rc == 0 && q->route.ifindex == ifindex)
		return true;
	return range && (q->rc < 0 || ovnet_addr_equal(&q->route.prefsrc, &q->dst));
}

/* There is one of that prefix: whose way is it? */
static void look_at_present(struct ovnet_kernel *k, uint32_t ifindex,
	struct ovnet_host_route_change *const *present, unsigned n)
{
	struct ovnet_route_query q[NL_BATCH];

	for (unsigned i = 0; i < n; i++)
		q[i].dst = one_of(&present[i]->subnet);
	ovnet_kernel_routes_get(k, q, n);
	for (unsigned i = 0; i < n; i++)
		present[i]->rc = leads_by(&present[i]->subnet, &q[i], ifindex) ? 1 : -EEXIST;
}

static void change_some(struct ovnet_kernel *k, uint32_t ifindex, bool gateways,
	struct ovnet_host_route_change *c, unsigned n)
{
	struct ovnet_host_route_change *of[NL_BATCH], *present[NL_BATCH];
	struct nl_batch batch = {0};
	unsigned n_present = 0;
	struct nl_request req;

	for (unsigned i = 0; i < n; i++) {
		const struct route_entry route = {.dst = c[i].subnet,
			.ifindex = ifindex,
			.type = RTN_UNICAST,
			.protocol = OVNET_RTPROT};
		c[i].rc = -EINVAL;
		if (!route_is_routable(&c[i].subnet))
			continue;
		if (c[i].set)
			compose(&req, ifindex, &c[i].subnet, gateways);
		else
			route_remove_compose(&req, &route);
		of[batch.n] = &c[i];
		nl_batch_add(&batch, &req);
	}
	int err = nl_batch_run(&k->nl, &batch, NULL, NULL);
	for (unsigned i = 0; i < batch.n; i++) {
		of[i]->rc = err < 0 ? err : outcome(k, ifindex, gateways, of[i], batch.verdict[i]);
		if (of[i]->set && of[i]->rc == -EEXIST)
			present[n_present++] = of[i];
	}
	look_at_present(k, ifindex, present, n_present);
}

void ovnet_port_routes_change(struct ovnet_kernel *k, uint32_t ifindex, bool gateways,
	struct ovnet_host_route_change *changes, unsigned n)
{
	for (unsigned done = 0; done < n; done += NL_BATCH)
		change_some(k, ifindex, gateways, changes + done,
			n - done < NL_BATCH ? n - done : NL_BATCH);
}
