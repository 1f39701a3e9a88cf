/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The vxlan device that takes off outer headers: a program cannot do so with a packet of many
 * segments. It has neither address nor route, and its ingress hands on what is right and drops all
 * else, so that the kernel's stack sees nothing by it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "lane/lane_int.h"

OVNET_LOG_TYPE(lane)

#define KIND "vxlan"

struct link {
	uint32_t ifindex, mtu;
	bool up;
	char kind[16];
};

static void take_link(void *arg, const struct nlmsghdr *msg)
{
	struct link *out = arg;
	const struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	const struct ifinfomsg *ifi = nl_parse(msg, sizeof(*ifi), tb, IFLA_MAX);

	if (msg->nlmsg_type != RTM_NEWLINK || ifi == NULL)
		return;
	out->ifindex = (uint32_t)ifi->ifi_index;
	out->up = ifi->ifi_flags & IFF_UP;
	out->mtu = nl_u32(tb[IFLA_MTU], 0);
	nl_parse_nested(tb[IFLA_LINKINFO], info, IFLA_INFO_MAX);
	nl_string(info[IFLA_INFO_KIND], out->kind, sizeof(out->kind));
}

/* By index, or by name where that is 0. Not logged. */
static int get(struct nl *nl, uint32_t ifindex, const char *name, struct link *out)
{
	struct nl_request req;
	struct ifinfomsg *ifi = nl_begin(&req, RTM_GETLINK, 0, sizeof(*ifi));

	*out = (struct link){0};
	ifi->ifi_index = (int)ifindex;
	if (ifindex == 0)
		mnl_attr_put_strz(req.hdr, IFLA_IFNAME, name);
	int err = nl_send(nl, &req, take_link, out);
	return err == 0 && out->ifindex == 0 ? -ENODEV : err;
}

int lane_device_mtu(struct nl *nl, uint32_t ifindex, uint16_t *out)
{
	struct link link;
	int err = get(nl, ifindex, NULL, &link);

	if (err < 0)
		LOG(ERR, "link %u: cannot be read: %s", ifindex, nl_why(nl, err));
	else
		*out = link.mtu > UINT16_MAX ? UINT16_MAX : (uint16_t)link.mtu;
	return err;
}

int lane_device_delete(struct nl *nl, uint32_t ifindex)
{
	struct nl_request req;
	struct ifinfomsg *ifi = nl_begin(&req, RTM_DELLINK, 0, sizeof(*ifi));

	ifi->ifi_index = (int)ifindex;
	int err = nl_send(nl, &req, NULL, NULL);
	if (err < 0 && err != -ENODEV)
		LOG(ERR, "link " OVNET_LANE_DEVICE ": cannot be removed: %s", nl_why(nl, err));
	return err == -ENODEV ? 0 : err;
}

int lane_device_remove(struct nl *nl, bool dry_run, bool *found)
{
	struct link link;
	int err = get(nl, 0, OVNET_LANE_DEVICE, &link);

	*found = err == 0;
	if (err < 0) {
		if (err != -ENODEV)
			LOG(ERR, "link " OVNET_LANE_DEVICE ": cannot be read: %s", nl_why(nl, err));
		return err == -ENODEV ? 0 : err;
	}
	*found = strcmp(link.kind, KIND) == 0;
	return dry_run || !*found ? 0 : lane_device_delete(nl, link.ifindex);
}

static void put_info(struct nlmsghdr *hdr, uint16_t port)
{
	struct nlattr *info = mnl_attr_nest_start(hdr, IFLA_LINKINFO);

	mnl_attr_put_strz(hdr, IFLA_INFO_KIND, KIND);
	struct nlattr *data = mnl_attr_nest_start(hdr, IFLA_INFO_DATA);
	mnl_attr_put_u8(hdr, IFLA_VXLAN_COLLECT_METADATA, 1);
	mnl_attr_put_u8(hdr, IFLA_VXLAN_LEARNING, 0);
	mnl_attr_put_u16(hdr, IFLA_VXLAN_PORT, htons(port));
	mnl_attr_nest_end(hdr, data);
	mnl_attr_nest_end(hdr, info);
}

/* Without the link-local address IPv6 gives itself, and what it asks about that. */
static void put_no_ipv6(struct nlmsghdr *hdr)
{
	struct nlattr *spec = mnl_attr_nest_start(hdr, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(hdr, AF_INET6);

	mnl_attr_put_u8(hdr, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(hdr, inet6);
	mnl_attr_nest_end(hdr, spec);
}

/* A kernel without IPv6 refuses to hear of it. */
static void hush_ipv6(struct nl *nl, uint32_t ifindex)
{
	struct nl_request req;
	struct ifinfomsg *ifi = nl_begin(&req, RTM_NEWLINK, 0, sizeof(*ifi));

	ifi->ifi_index = (int)ifindex;
	put_no_ipv6(req.hdr);
	int err = nl_send(nl, &req, NULL, NULL);
	if (err < 0)
		LOG(DEBUG, "link " OVNET_LANE_DEVICE ": IPv6's address: %s", nl_why(nl, err));
}

int lane_device_make(struct nl *nl, uint16_t port, uint32_t *ifindex)
{
	struct nl_request req;
	struct link link;
	struct ifinfomsg *ifi =
		nl_begin(&req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*ifi));

	ifi->ifi_flags = ifi->ifi_change = IFF_NOARP;
	mnl_attr_put_strz(req.hdr, IFLA_IFNAME, OVNET_LANE_DEVICE);
	put_info(req.hdr, port);
	int err = nl_send(nl, &req, NULL, NULL);
	if (err == 0)
		err = get(nl, 0, OVNET_LANE_DEVICE, &link);
	if (err < 0) {
		if (err != -EOPNOTSUPP)
			LOG(ERR, "link " OVNET_LANE_DEVICE ": cannot be made: %s%s",
				nl_why(nl, err),
				err == -EEXIST ? ": one of that name is somebody else's; rename it "
						 "or set host.kernel-lane = \"off\""
					       : "");
		return err;
	}
	*ifindex = link.ifindex;
	hush_ipv6(nl, link.ifindex);
	return 0;
}

int lane_device_up(struct nl *nl, uint32_t ifindex)
{
	struct nl_request req;
	struct ifinfomsg *ifi = nl_begin(&req, RTM_NEWLINK, 0, sizeof(*ifi));

	ifi->ifi_index = (int)ifindex;
	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	int err = nl_send(nl, &req, NULL, NULL);
	if (err < 0 && err != -EADDRINUSE)
		LOG(ERR, "link " OVNET_LANE_DEVICE ": cannot be set up: %s", nl_why(nl, err));
	return err;
}

int lane_device_keep(struct nl *nl, uint32_t ifindex)
{
	struct link link;
	int err = get(nl, ifindex, NULL, &link);

	if (err < 0 && err != -ENODEV)
		LOG(ERR, "link " OVNET_LANE_DEVICE ": cannot be read: %s", nl_why(nl, err));
	if (err < 0 || link.up)
		return err;
	err = lane_device_up(nl, ifindex);
	return err < 0 ? err : 1;
}

static uint16_t free_port(int family)
{
	struct sockaddr_in6 at = {.sin6_family = (sa_family_t)family};
	socklen_t len = family == AF_INET6 ? sizeof(at) : sizeof(struct sockaddr_in);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	/* The port is at the same place in both kinds of address. */
	if (bind(fd, (struct sockaddr *)&at, len) < 0 ||
		getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		at.sin6_port = 0;
	close(fd);
	return ntohs(at.sin6_port);
}

/* Of both families where there are two, as the device has a socket of each. */
uint16_t lane_device_free_port(void)
{
	uint16_t port = free_port(AF_INET6);

	if (port == 0)
		port = free_port(AF_INET);
	if (port == 0)
		LOG(ERR, "link " OVNET_LANE_DEVICE ": there is no free UDP port: %s",
			strerror(errno));
	return port;
}
