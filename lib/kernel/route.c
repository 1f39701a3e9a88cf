/* SPDX-License-Identifier: BSD-3-Clause */
/* Questions about the underlay's routes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

struct lookup {
	struct ovnet_route *out;
	bool found;
};

/* RTA_VIA: a gateway of the other family, as in "10.0.0.0/8 via inet6 fe80::1". */
static void take_via(const struct nlattr *attr, struct ovnet_addr *gateway)
{
	struct rtvia via;
	const uint8_t *payload;

	if (attr == NULL || mnl_attr_get_payload_len(attr) < sizeof(via))
		return;
	payload = mnl_attr_get_payload(attr);
	memcpy(&via, payload, sizeof(via));
	if (via.rtvia_family != AF_INET6 ||
		mnl_attr_get_payload_len(attr) < sizeof(via) + sizeof(gateway->v6))
		return;
	gateway->family = AF_INET6;
	memcpy(gateway->v6, payload + sizeof(via), sizeof(gateway->v6));
}

static void take_route(void *arg, const struct nlmsghdr *msg)
{
	struct lookup *l = arg;
	const struct nlattr *tb[RTA_MAX + 1], *metrics[RTAX_MAX + 1];
	const struct rtmsg *rtm = nl_parse(msg, sizeof(*rtm), tb, RTA_MAX);

	/* IPv6 answers an unreachable destination with a route of that type. */
	if (msg->nlmsg_type != RTM_NEWROUTE || rtm == NULL ||
		(rtm->rtm_type != RTN_UNICAST && rtm->rtm_type != RTN_LOCAL))
		return;
	l->out->ifindex = nl_u32(tb[RTA_OIF], 0);
	if (!nl_addr(tb[RTA_GATEWAY], rtm->rtm_family, &l->out->gateway))
		take_via(tb[RTA_VIA], &l->out->gateway);
	nl_addr(tb[RTA_PREFSRC], rtm->rtm_family, &l->out->prefsrc);
	nl_parse_nested(tb[RTA_METRICS], metrics, RTAX_MAX);
	uint32_t mtu = nl_u32(metrics[RTAX_MTU], 0);
	l->out->mtu = mtu > UINT16_MAX ? UINT16_MAX : (uint16_t)mtu;
	l->found = l->out->ifindex != 0;
}

/* What a lookup may answer without anything being broken. */
static bool is_no_route(int err)
{
	return err == -ENETUNREACH || err == -EHOSTUNREACH || err == -EACCES || err == -EINVAL ||
	       err == -ESRCH;
}

static void compose(struct nl_request *req, const struct ovnet_addr *dst)
{
	struct rtmsg *rtm = nl_begin(req, RTM_GETROUTE, 0, sizeof(*rtm));

	rtm->rtm_family = dst->family;
	rtm->rtm_dst_len = dst->family == AF_INET ? 32 : 128;
	nl_put_addr(req->hdr, RTA_DST, dst);
}

int ovnet_kernel_route_get(
	struct ovnet_kernel *k, const struct ovnet_addr *dst, struct ovnet_route *out)
{
	struct nl_request req;
	struct lookup l = {.out = out};
	struct ovnet_link link;

	memset(out, 0, sizeof(*out));
	if (dst->family != AF_INET && dst->family != AF_INET6)
		return -EINVAL;
	compose(&req, dst);
	int err = nl_send(&k->nl, &req, take_route, &l);
	if (err < 0 && !is_no_route(err)) {
		char text[OVNET_ADDR_STRLEN];
		LOG(ERR, "route to %s: cannot be looked up: %s",
			ovnet_addr_text(dst, text, sizeof(text)), nl_why(&k->nl, err));
		return err;
	}
	/* A blackhole answers -EINVAL, "unreachable" -EHOSTUNREACH, ... */
	if (err < 0 || !l.found)
		return -ENETUNREACH;
	if (out->mtu == 0) {
		err = link_get(&k->nl, out->ifindex, &link);
		out->mtu = err == 0 ? link.mtu : 0;
	}
	return err;
}

struct lookups {
	const struct nl_batch *batch;
	struct ovnet_route_query *queries;
	bool found[NL_BATCH];
};

static void take_one(void *arg, const struct nlmsghdr *msg)
{
	struct lookups *ls = arg;
	unsigned i = msg->nlmsg_seq - ls->batch->first_seq;
	struct lookup l = {.out = &ls->queries[i].route};

	take_route(&l, msg);
	ls->found[i] = l.found;
}

/* What is not plain success is asked again alone, which knows the words for it. */
static void get_some(struct ovnet_kernel *k, struct ovnet_route_query *q, unsigned n)
{
	struct nl_batch batch = {0};
	struct lookups ls = {.batch = &batch, .queries = q};
	struct ovnet_link link = {0};
	struct nl_request req;

	for (unsigned i = 0; i < n; i++) {
		q[i].route = (struct ovnet_route){0};
		compose(&req, &q[i].dst);
		nl_batch_add(&batch, &req);
	}
	int err = nl_batch_run(&k->nl, &batch, take_one, &ls);
	for (unsigned i = 0; i < n; i++) {
		q[i].rc = 0;
		if (err < 0 || batch.verdict[i] < 0 || !ls.found[i]) {
			q[i].rc = ovnet_kernel_route_get(k, &q[i].dst, &q[i].route);
			continue;
		}
		if (q[i].route.mtu != 0)
			continue;
		/* They leave by a few links; one question for each is enough. */
		if (link.ifindex != q[i].route.ifindex)
			q[i].rc = link_get(&k->nl, q[i].route.ifindex, &link);
		q[i].route.mtu = q[i].rc == 0 ? link.mtu : 0;
	}
}

void ovnet_kernel_routes_get(struct ovnet_kernel *k, struct ovnet_route_query *queries, unsigned n)
{
	for (unsigned done = 0; done < n; done += NL_BATCH)
		get_some(k, queries + done, n - done < NL_BATCH ? n - done : NL_BATCH);
}

int ovnet_kernel_default_link(struct ovnet_kernel *k, struct ovnet_link *out)
{
	struct nl_list list = {0};
	const struct route_entry *best = NULL;
	int err = route_list(&k->nl, 0, 0, &list);

	const struct route_entry *r = list.items;
	for (unsigned i = 0; err == 0 && i < list.n; i++) {
		if (r[i].dst.family != AF_INET || r[i].dst.v4.len != 0 ||
			r[i].type != RTN_UNICAST || r[i].ifindex == 0)
			continue;
		if (best == NULL || r[i].metric < best->metric)
			best = &r[i];
	}
	if (err == 0)
		err = best == NULL ? -ENETUNREACH : link_get(&k->nl, best->ifindex, out);
	free(list.items);
	return err;
}
