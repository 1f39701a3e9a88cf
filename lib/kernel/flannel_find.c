/* SPDX-License-Identifier: BSD-3-Clause */
/* Which devices are flannel's. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernel/flannel_list.h"

OVNET_LOG_TYPE(kernel)

struct candidate {
	struct ovnet_flannel_device device;
	char kind[16];
	bool carrier; /* of a TUN: somebody has it open */
};

/* "flannel.7", "flannel-v6.7", "flannel0": as flanneld calls them, whatever the number. */
static bool is_numbered(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);
	const char *number = name + len;

	return strncmp(name, prefix, len) == 0 && *number != '\0' &&
	       strspn(number, "0123456789") == strlen(number);
}

static bool is_called_so(const struct candidate *c)
{
	const char *name = c->device.name;

	if (strcmp(c->kind, "vxlan") == 0)
		return is_numbered(name, "flannel.") || is_numbered(name, "flannel-v6.");
	return strcmp(c->kind, "tun") == 0 && is_numbered(name, "flannel");
}

static void parse_vxlan(const struct nlattr *data, struct ovnet_flannel_device *d)
{
	const struct nlattr *tb[IFLA_VXLAN_MAX + 1];

	nl_parse_nested(data, tb, IFLA_VXLAN_MAX);
	d->vni = nl_u32(tb[IFLA_VXLAN_ID], 0);
	d->lower = nl_u32(tb[IFLA_VXLAN_LINK], 0);
	d->gbp = tb[IFLA_VXLAN_GBP] != NULL;
	if (tb[IFLA_VXLAN_PORT] != NULL &&
		mnl_attr_get_payload_len(tb[IFLA_VXLAN_PORT]) >= sizeof(uint16_t))
		d->port = ntohs(mnl_attr_get_u16(tb[IFLA_VXLAN_PORT]));
	if (!nl_addr(tb[IFLA_VXLAN_LOCAL], AF_INET, &d->local))
		nl_addr(tb[IFLA_VXLAN_LOCAL6], AF_INET6, &d->local);
}

static void collect(void *arg, const struct nlmsghdr *msg)
{
	const struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	struct nl_list *list = arg;
	struct ovnet_link link;
	struct link_alias alias;

	if (msg == NULL) {
		list->n = 0;
		return;
	}
	if (msg->nlmsg_type != RTM_NEWLINK || !link_parse(msg, &link, &alias) ||
		(strcmp(link.kind, "vxlan") != 0 && strcmp(link.kind, "tun") != 0) ||
		strcmp(alias.text, OVNET_LINK_ALIAS) == 0)
		return;
	struct candidate *c = nl_list_add(list, sizeof(*c));
	if (c == NULL)
		return;
	struct ovnet_flannel_device *d = &c->device;
	memcpy(d->name, link.name, sizeof(d->name));
	memcpy(c->kind, link.kind, sizeof(c->kind));
	d->ifindex = link.ifindex;
	d->mtu = link.mtu;
	d->mac = link.mac;
	d->up = link.up;
	d->ours = strcmp(alias.text, OVNET_FLANNEL_ALIAS) == 0;
	(void)nl_parse(msg, sizeof(struct ifinfomsg), tb, IFLA_MAX);
	c->carrier = tb[IFLA_CARRIER] != NULL && mnl_attr_get_payload_len(tb[IFLA_CARRIER]) >= 1 &&
		     mnl_attr_get_u8(tb[IFLA_CARRIER]) != 0;
	nl_parse_nested(tb[IFLA_LINKINFO], info, IFLA_INFO_MAX);
	if (strcmp(link.kind, "vxlan") == 0)
		parse_vxlan(info[IFLA_INFO_DATA], d);
}

static int list_candidates(struct nl *nl, struct nl_list *list)
{
	struct nl_request req;
	struct ifinfomsg *ifi = nl_begin(&req, RTM_GETLINK, 0, sizeof(*ifi));

	ifi->ifi_family = AF_UNSPEC;
	mnl_attr_put_u32(req.hdr, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	int err = nl_dump(nl, &req, collect, list);
	if (err == 0)
		err = list->err;
	if (err < 0)
		LOG(ERR, "links: cannot be listed: %s", nl_why(nl, err));
	return err;
}

static struct ovnet_prefix prefix_of(const struct addr_entry *a)
{
	struct ovnet_prefix p = {.family = a->local.family};

	if (p.family == AF_INET)
		p.v4 = (struct ovnet_prefix4){ntohl(a->local.v4_be), a->len};
	else
		p.v6.len = a->len;
	if (p.family == AF_INET6)
		memcpy(p.v6.addr, a->local.v6, sizeof(p.v6.addr));
	return p;
}

static bool is_link_local6(const struct ovnet_addr *a)
{
	return a->family == AF_INET6 && a->v6[0] == 0xfe && (a->v6[1] & 0xc0) == 0x80;
}

/* The address it has of the network, or else any. True: of the network. */
static bool find_address(const struct nl_list *addrs, const struct ovnet_flannel_search *s,
	struct ovnet_flannel_device *d)
{
	const struct addr_entry *a = addrs->items;

	for (unsigned i = 0; i < addrs->n; i++) {
		if (a[i].ifindex != d->ifindex || is_link_local6(&a[i].local))
			continue;
		const struct ovnet_prefix *net = &s->network[family_index(a[i].local.family)];
		d->addr = prefix_of(&a[i]);
		if (net->family != 0 && ovnet_prefix_contains(net, &a[i].local))
			return true;
	}
	return false;
}

static void take(struct ovnet_flannel_found *out, const struct candidate *c, bool v6)
{
	struct ovnet_flannel_device *d = &out->layout.device[v6];
	bool tun = strcmp(c->kind, "tun") == 0;

	*d = c->device;
	out->layout.kind = tun ? OVNET_FLANNEL_UDP : OVNET_FLANNEL_VXLAN;
	out->held = out->held || (tun && c->carrier);
}

/* Of two the one that has its name by our VNI. */
static void choose(struct nl_list *candidates, const struct nl_list *addrs,
	const struct ovnet_flannel_search *s, struct ovnet_flannel_found *out)
{
	char name[2][16];
	struct candidate *c = candidates->items;

	ovnet_flannel_device_name(name[0], AF_INET, s->vni);
	ovnet_flannel_device_name(name[1], AF_INET6, s->vni);
	for (unsigned i = 0; i < candidates->n; i++) {
		if (!is_called_so(&c[i]))
			continue;
		bool v6 = strncmp(c[i].device.name, "flannel-v6.", strlen("flannel-v6.")) == 0;
		bool named = s->vni != 0 && strcmp(c[i].device.name, name[v6]) == 0;
		bool of_it = find_address(addrs, s, &c[i].device);
		if (!named && (!of_it || out->layout.device[v6].ifindex != 0))
			continue;
		out->foreign = out->foreign || (named && !of_it && c[i].device.addr.family != 0);
		take(out, &c[i], v6);
	}
}

/* A device that is down has no port. */
static void find_other(const struct nl_list *candidates, const struct ovnet_flannel_search *s,
	struct ovnet_flannel_found *out)
{
	const struct candidate *c = candidates->items;

	for (unsigned i = 0; i < candidates->n && s->port != 0; i++) {
		const struct ovnet_flannel_device *d = &c[i].device;
		if (strcmp(c[i].kind, "vxlan") == 0 && d->up && d->port == s->port &&
			d->ifindex != out->layout.device[0].ifindex &&
			d->ifindex != out->layout.device[1].ifindex)
			memcpy(out->other, d->name, sizeof(out->other));
	}
}

int ovnet_flannel_find(struct ovnet_kernel *k, const struct ovnet_flannel_search *s,
	struct ovnet_flannel_found *out)
{
	struct nl_list candidates = {0}, addrs = {0};
	int err = list_candidates(&k->nl, &candidates);

	*out = (struct ovnet_flannel_found){0};
	if (err == 0)
		err = addr_list(&k->nl, AF_UNSPEC, 0, &addrs);
	if (err == 0) {
		choose(&candidates, &addrs, s, out);
		find_other(&candidates, s, out);
		err = flannel_list(&k->nl, s, out);
	}
	free(candidates.items);
	free(addrs.items);
	if (err < 0)
		ovnet_flannel_found_free(out);
	return err;
}

void ovnet_flannel_found_free(struct ovnet_flannel_found *f)
{
	ovnet_flannel_layout_free(&f->layout);
	*f = (struct ovnet_flannel_found){0};
}

bool ovnet_flannel_found_any(const struct ovnet_flannel_found *f)
{
	return f->layout.device[0].ifindex != 0 || f->layout.device[1].ifindex != 0 ||
	       f->n_direct > 0;
}
