/* SPDX-License-Identifier: BSD-3-Clause */
/* flannel.<VNI> as flanneld makes it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/flannel_layout.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

void ovnet_flannel_device_name(char name[16], uint8_t family, uint32_t vni)
{
	snprintf(name, 16, family == AF_INET6 ? "flannel-v6.%u" : "flannel.%u", vni % (1u << 24));
}

static void put_vxlan(struct nlmsghdr *hdr, const struct ovnet_flannel_device *d)
{
	struct nlattr *info = mnl_attr_nest_start(hdr, IFLA_LINKINFO);
	mnl_attr_put_strz(hdr, IFLA_INFO_KIND, "vxlan");
	struct nlattr *data = mnl_attr_nest_start(hdr, IFLA_INFO_DATA);
	mnl_attr_put_u32(hdr, IFLA_VXLAN_ID, d->vni);
	mnl_attr_put_u32(hdr, IFLA_VXLAN_LINK, d->lower);
	nl_put_addr(
		hdr, d->local.family == AF_INET6 ? IFLA_VXLAN_LOCAL6 : IFLA_VXLAN_LOCAL, &d->local);
	mnl_attr_put_u8(hdr, IFLA_VXLAN_TTL, 0);
	mnl_attr_put_u8(hdr, IFLA_VXLAN_TOS, 0);
	mnl_attr_put_u8(hdr, IFLA_VXLAN_LEARNING, 0);
	mnl_attr_put_u16(hdr, IFLA_VXLAN_PORT, htons(d->port));
	if (d->gbp)
		mnl_attr_put(hdr, IFLA_VXLAN_GBP, 0, NULL);
	mnl_attr_nest_end(hdr, data);
	mnl_attr_nest_end(hdr, info);
}

static int add_link(struct nl *nl, const struct ovnet_flannel_device *d)
{
	struct nl_request req;

	nl_begin(&req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(req.hdr, IFLA_IFNAME, d->name);
	mnl_attr_put(req.hdr, IFLA_ADDRESS, sizeof(d->mac.b), d->mac.b);
	mnl_attr_put_u32(req.hdr, IFLA_MTU, d->mtu);
	mnl_attr_put_u32(req.hdr, IFLA_TXQLEN, 0);
	put_vxlan(req.hdr, d);
	return nl_send(nl, &req, NULL, NULL);
}

/* By a request of its own: kernels take the alias of a link that is there. */
static int set_alias(struct nl *nl, uint32_t ifindex)
{
	struct nl_request req;
	struct ifinfomsg *ifi = nl_begin(&req, RTM_NEWLINK, 0, sizeof(*ifi));

	ifi->ifi_index = (int)ifindex;
	mnl_attr_put_strz(req.hdr, IFLA_IFALIAS, OVNET_FLANNEL_ALIAS);
	return nl_send(nl, &req, NULL, NULL);
}

static int add_address(struct nl *nl, const struct ovnet_flannel_device *d)
{
	struct nl_request req;
	struct ovnet_addr base = ovnet_prefix_first(&d->addr);
	struct ifaddrmsg *ifa =
		nl_begin(&req, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*ifa));

	ifa->ifa_family = base.family;
	ifa->ifa_prefixlen = base.family == AF_INET6 ? 128 : 32;
	ifa->ifa_index = d->ifindex;
	nl_put_addr(req.hdr, IFA_LOCAL, &base);
	nl_put_addr(req.hdr, IFA_ADDRESS, &base);
	return nl_send(nl, &req, NULL, NULL);
}

static void no_router_advertisements(const struct ovnet_flannel_device *d)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra", d->name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	/* A kernel without IPv6 accepts none. */
	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0 || write(fd, "0", 1) != 1)
		LOG(WARN, "%s: cannot be written, router advertisements stay accepted", path);
	if (fd >= 0)
		close(fd);
}

static int remove_link(struct nl *nl, uint32_t ifindex)
{
	struct nl_request req;
	struct ifinfomsg *ifi = nl_begin(&req, RTM_DELLINK, 0, sizeof(*ifi));

	ifi->ifi_index = (int)ifindex;
	int err = nl_send(nl, &req, NULL, NULL);
	return err == -ENODEV ? 0 : err;
}

static void take_alias(void *arg, const struct nlmsghdr *msg)
{
	struct link_entry *e = arg;

	if (msg->nlmsg_type == RTM_NEWLINK)
		(void)link_parse(msg, &e->link, &e->alias);
}

/* 0: the name is free. */
static int free_name(struct nl *nl, const char *name)
{
	struct nl_request req;
	struct link_entry e = {0};

	nl_begin(&req, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(req.hdr, IFLA_IFNAME, name);
	int err = nl_send(nl, &req, take_alias, &e);
	if (err == -ENODEV)
		return 0;
	if (err < 0)
		return err;
	if (e.link.up || strcmp(e.alias.text, OVNET_FLANNEL_ALIAS) != 0)
		return -EEXIST;
	return remove_link(nl, e.link.ifindex);
}

static int make(struct ovnet_kernel *k, struct ovnet_flannel_device *d)
{
	struct ovnet_link link;
	const char *what = "made";
	int err = free_name(&k->nl, d->name);

	d->ifindex = 0;
	d->up = false;
	if (err == -EEXIST) {
		LOG(ERR,
			"%s: there is one already, and it is not ovnet's: a flanneld's? if nobody "
			"needs it, `ip link del %s`",
			d->name, d->name);
		return err;
	}
	if (err == 0)
		err = add_link(&k->nl, d);
	if (err == 0)
		err = ovnet_kernel_link_by_name(k, d->name, &link);
	if (err == 0) {
		d->ifindex = link.ifindex;
		d->ours = true;
		err = set_alias(&k->nl, d->ifindex);
	}
	if (err == 0) {
		no_router_advertisements(d);
		what = "given its address";
		err = add_address(&k->nl, d);
	}
	if (err < 0)
		LOG(ERR, "%s: cannot be %s: %s", d->name, what, nl_why(&k->nl, err));
	return err;
}

int ovnet_flannel_devices_make(struct ovnet_kernel *k, struct ovnet_flannel_layout *l)
{
	int err = 0;

	l->refused = 0;
	for (unsigned i = 0; err == 0 && i < 2; i++)
		if (l->device[i].name[0] != '\0')
			err = make(k, &l->device[i]);
	if (err < 0)
		(void)ovnet_flannel_devices_remove(k, l); /* logged */
	return err;
}

static int set_up(struct nl *nl, const struct ovnet_flannel_device *d)
{
	struct nl_request req;
	struct ifinfomsg *ifi = nl_begin(&req, RTM_NEWLINK, 0, sizeof(*ifi));

	ifi->ifi_index = (int)d->ifindex;
	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	int err = nl_send(nl, &req, NULL, NULL);
	if (err == -EADDRINUSE)
		LOG(ERR, "%s: cannot be set up: somebody has UDP port %u; see `ss -lunp`", d->name,
			d->port);
	else if (err < 0)
		LOG(ERR, "%s: cannot be set up: %s", d->name, nl_why(nl, err));
	return err;
}

int ovnet_flannel_devices_up(struct ovnet_kernel *k, struct ovnet_flannel_layout *l)
{
	int err = 0;

	for (unsigned i = 0; err == 0 && i < 2; i++) {
		if (l->device[i].ifindex == 0)
			continue;
		err = set_up(&k->nl, &l->device[i]);
		l->device[i].up = err == 0;
	}
	return err;
}

int ovnet_flannel_devices_remove(struct ovnet_kernel *k, struct ovnet_flannel_layout *l)
{
	int first = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct ovnet_flannel_device *d = &l->device[i];
		int err = d->ifindex != 0 ? remove_link(&k->nl, d->ifindex) : 0;
		if (err < 0)
			LOG(ERR, "%s: cannot be removed: %s", d->name, nl_why(&k->nl, err));
		else
			d->ifindex = 0;
		if (first == 0)
			first = err;
	}
	return first;
}
