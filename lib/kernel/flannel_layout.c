/* SPDX-License-Identifier: BSD-3-Clause */
/* What flanneld has for each peer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernel/flannel_layout.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

#define SET (NLM_F_CREATE | NLM_F_REPLACE)
/*
 * Where routes differ in their gateways alone, the kernel walks all there are for each one it sets
 * (host_device.c): 65,536 take 80 s. It does not where they differ in their scope, which says
 * nothing about a route with a gateway: 1 s. Any below RT_SCOPE_SITE will do.
 */
#define MAX_GATEWAYS 1024
#define N_SCOPES     199

void ovnet_flannel_layout_free(struct ovnet_flannel_layout *l)
{
	free(l->peers);
	*l = (struct ovnet_flannel_layout){0};
}

static const struct ovnet_flannel_device *device_of(
	const struct ovnet_flannel_layout *l, const struct ovnet_flannel_peer *p)
{
	return &l->device[family_index(p->subnet.family)];
}

static void compose_neighbour(struct nl_request *req, const struct ovnet_flannel_layout *l,
	const struct ovnet_flannel_peer *p)
{
	struct ovnet_addr base = ovnet_prefix_first(&p->subnet);
	struct ndmsg *ndm = nl_begin(req, RTM_NEWNEIGH, SET, sizeof(*ndm));

	ndm->ndm_family = base.family;
	ndm->ndm_ifindex = (int)device_of(l, p)->ifindex;
	ndm->ndm_state = NUD_PERMANENT;
	ndm->ndm_type = RTN_UNICAST;
	nl_put_addr(req->hdr, NDA_DST, &base);
	mnl_attr_put(req->hdr, NDA_LLADDR, sizeof(p->mac.b), p->mac.b);
}

static void compose_fdb(struct nl_request *req, const struct ovnet_flannel_layout *l,
	const struct ovnet_flannel_peer *p)
{
	struct ndmsg *ndm = nl_begin(req, RTM_NEWNEIGH, SET, sizeof(*ndm));

	ndm->ndm_family = AF_BRIDGE;
	ndm->ndm_ifindex = (int)device_of(l, p)->ifindex;
	ndm->ndm_state = NUD_PERMANENT;
	ndm->ndm_flags = NTF_SELF;
	nl_put_addr(req->hdr, NDA_DST, &p->public_ip);
	mnl_attr_put(req->hdr, NDA_LLADDR, sizeof(p->mac.b), p->mac.b);
}

static uint8_t scope_of(const struct ovnet_flannel_layout *l, const struct ovnet_flannel_peer *p)
{
	if (l->n_peers <= MAX_GATEWAYS || p->subnet.family != AF_INET)
		return RT_SCOPE_UNIVERSE;
	return (uint8_t)((p - l->peers) % N_SCOPES);
}

static void compose_route(struct nl_request *req, const struct ovnet_flannel_layout *l,
	const struct ovnet_flannel_peer *p)
{
	uint32_t link = p->direct ? p->link : device_of(l, p)->ifindex;
	struct rtmsg *rtm = nl_begin(req, RTM_NEWROUTE, SET, sizeof(*rtm));

	rtm->rtm_family = p->subnet.family;
	rtm->rtm_dst_len = ovnet_prefix_len(&p->subnet);
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_BOOT;
	rtm->rtm_type = RTN_UNICAST;
	rtm->rtm_scope = scope_of(l, p);
	nl_put_prefix(req->hdr, RTA_DST, &p->subnet);
	if (link != 0)
		mnl_attr_put_u32(req->hdr, RTA_OIF, link);
	if (p->direct) {
		nl_put_addr(req->hdr, RTA_GATEWAY, &p->public_ip);
		return;
	}
	rtm->rtm_flags = RTNH_F_ONLINK;
	nl_put_prefix(req->hdr, RTA_GATEWAY, &p->subnet);
}

/* What a lease of somebody's must not make of this node. */
static bool may_be_set(const struct ovnet_flannel_layout *l, const struct ovnet_flannel_peer *p)
{
	return route_is_routable(&p->subnet) && ovnet_addr_is_unicast(&p->public_ip) &&
	       p->public_ip.family == p->subnet.family &&
	       (p->direct || (device_of(l, p)->ifindex != 0 && ovnet_mac_is_unicast(&p->mac)));
}

typedef void compose_one(struct nl_request *req, const struct ovnet_flannel_layout *l,
	const struct ovnet_flannel_peer *p);

/* A batch keeps none of the kernel's words: who was refused is asked for again alone. */
static void again(struct ovnet_kernel *k, struct ovnet_flannel_layout *l,
	const struct ovnet_flannel_peer *p, compose_one *compose, const char *what)
{
	char text[OVNET_PREFIX_STRLEN];
	struct nl_request req;

	compose(&req, l, p);
	int err = nl_send(&k->nl, &req, NULL, NULL);
	if (err == 0)
		return;
	l->refused++;
	LOG(ERR, "%s of peer %s: the kernel does not take it: %s", what,
		ovnet_prefix_text(&p->subnet, text, sizeof(text)), nl_why(&k->nl, err));
}

/* `direct`: also peers that have a route alone. */
static void set_all(struct ovnet_kernel *k, struct ovnet_flannel_layout *l, unsigned from,
	unsigned n, compose_one *compose, const char *what, bool direct)
{
	unsigned end = n < l->n_peers - from ? from + n : l->n_peers;
	const struct ovnet_flannel_peer *of[NL_BATCH];
	struct nl_request req;

	for (unsigned i = from; i < end;) {
		struct nl_batch batch = {0};
		for (; i < end && batch.n < NL_BATCH; i++) {
			const struct ovnet_flannel_peer *p = &l->peers[i];
			if (!may_be_set(l, p) || (p->direct && !direct))
				continue;
			compose(&req, l, p);
			of[batch.n] = p;
			nl_batch_add(&batch, &req);
		}
		int err = nl_batch_run(&k->nl, &batch, NULL, NULL);
		for (unsigned b = 0; b < batch.n; b++)
			if (err < 0 || batch.verdict[b] < 0)
				again(k, l, of[b], compose, what);
	}
}

void ovnet_flannel_peers_set(
	struct ovnet_kernel *k, struct ovnet_flannel_layout *l, unsigned from, unsigned n)
{
	if (from >= l->n_peers)
		return;
	set_all(k, l, from, n, compose_neighbour, "neighbour", false);
	set_all(k, l, from, n, compose_fdb, "fdb entry", false);
}

/*
 * IPv6 refuses a gateway it would reach by another device, and ovnet's own route leads to it: that
 * one goes first.
 */
static void clear_way6(
	struct ovnet_kernel *k, const struct ovnet_flannel_layout *l, unsigned from, unsigned end)
{
	struct nl_batch batch = {0};
	struct nl_request req;

	for (unsigned i = from; i < end; i++) {
		const struct route_entry ours = {
			.dst = l->peers[i].subnet, .type = RTN_UNICAST, .protocol = OVNET_RTPROT};
		if (ours.dst.family != AF_INET6 || l->peers[i].direct ||
			!may_be_set(l, &l->peers[i]))
			continue;
		route_remove_compose(&req, &ours);
		nl_batch_add(&batch, &req);
	}
	(void)nl_batch_run(
		&k->nl, &batch, NULL, NULL); /* what stays refuses the route, and is told */
}

static void tell_left_out(struct ovnet_flannel_layout *l, unsigned from, unsigned end)
{
	char text[OVNET_PREFIX_STRLEN];

	for (unsigned i = from; i < end; i++) {
		if (may_be_set(l, &l->peers[i]))
			continue;
		l->refused++;
		LOG(ERR,
			"peer %s: left out of flannel's layout: not a subnet, PublicIP and VtepMAC "
			"of unicast addresses",
			ovnet_prefix_text(&l->peers[i].subnet, text, sizeof(text)));
	}
}

void ovnet_flannel_routes_set(
	struct ovnet_kernel *k, struct ovnet_flannel_layout *l, unsigned from, unsigned n)
{
	unsigned end = from < l->n_peers && n < l->n_peers - from ? from + n : l->n_peers;

	for (unsigned i = from; i < end; i += NL_BATCH) {
		unsigned some = end - i < NL_BATCH ? end - i : NL_BATCH;
		clear_way6(k, l, i, i + some);
		set_all(k, l, i, some, compose_route, "route", true);
		tell_left_out(l, i, i + some);
	}
}

int ovnet_flannel_layout_build(struct ovnet_kernel *k, struct ovnet_flannel_layout *l)
{
	int err = ovnet_flannel_devices_make(k, l);

	if (err < 0)
		return err;
	ovnet_flannel_peers_set(k, l, 0, l->n_peers);
	err = ovnet_flannel_devices_up(k, l);
	if (err < 0) {
		(void)ovnet_flannel_devices_remove(k, l); /* logged */
		return err;
	}
	ovnet_flannel_routes_set(k, l, 0, l->n_peers);
	return 0;
}
