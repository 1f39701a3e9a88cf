/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

bool link_parse(const struct nlmsghdr *msg, struct ovnet_link *out, struct link_alias *alias)
{
	const struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	const struct ifinfomsg *ifi = nl_parse(msg, sizeof(*ifi), tb, IFLA_MAX);

	/* A bridge speaks of its ports in messages of family AF_BRIDGE. */
	if (ifi == NULL || ifi->ifi_family != AF_UNSPEC || ifi->ifi_index <= 0)
		return false;
	memset(out, 0, sizeof(*out));
	out->ifindex = (uint32_t)ifi->ifi_index;
	out->up = ifi->ifi_flags & IFF_UP;
	out->running = ifi->ifi_flags & IFF_RUNNING;
	nl_string(tb[IFLA_IFNAME], out->name, sizeof(out->name));
	uint32_t mtu = nl_u32(tb[IFLA_MTU], 0); /* the loopback has 65536 */
	out->mtu = mtu > UINT16_MAX ? UINT16_MAX : (uint16_t)mtu;
	if (tb[IFLA_ADDRESS] != NULL &&
		mnl_attr_get_payload_len(tb[IFLA_ADDRESS]) == sizeof(out->mac.b))
		memcpy(out->mac.b, mnl_attr_get_payload(tb[IFLA_ADDRESS]), sizeof(out->mac.b));
	nl_parse_nested(tb[IFLA_LINKINFO], info, IFLA_INFO_MAX);
	nl_string(info[IFLA_INFO_KIND], out->kind, sizeof(out->kind));
	if (alias != NULL)
		nl_string(tb[IFLA_IFALIAS], alias->text, sizeof(alias->text));
	return true;
}

static void take_link(void *arg, const struct nlmsghdr *msg)
{
	if (msg->nlmsg_type == RTM_NEWLINK)
		(void)link_parse(msg, arg, NULL);
}

/* By index, or by name when that is not NULL. */
static int get(struct nl *nl, uint32_t ifindex, const char *name, struct ovnet_link *out)
{
	struct nl_request req;
	struct ifinfomsg *ifi = nl_begin(&req, RTM_GETLINK, 0, sizeof(*ifi));

	memset(out, 0, sizeof(*out));
	ifi->ifi_index = (int)ifindex;
	if (name != NULL)
		mnl_attr_put_strz(
			req.hdr, strlen(name) < IF_NAMESIZE ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
	mnl_attr_put_u32(req.hdr, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	int err = nl_send(nl, &req, take_link, out);
	if (err == 0 && out->ifindex == 0)
		err = -ENODEV;
	if (err < 0 && err != -ENODEV)
		LOG(ERR, "link %s (%u): cannot be read: %s", name != NULL ? name : "", ifindex,
			nl_why(nl, err));
	return err;
}

int link_get(struct nl *nl, uint32_t ifindex, struct ovnet_link *out)
{
	return ifindex == 0 || ifindex > INT32_MAX ? -ENODEV : get(nl, ifindex, NULL, out);
}

int ovnet_kernel_link_by_index(struct ovnet_kernel *k, uint32_t ifindex, struct ovnet_link *out)
{
	return link_get(&k->nl, ifindex, out);
}

int ovnet_kernel_link_by_name(struct ovnet_kernel *k, const char *name, struct ovnet_link *out)
{
	if (name[0] == '\0' || strlen(name) >= NL_NAME_SIZE)
		return -ENODEV;
	return get(&k->nl, 0, name, out);
}

int ovnet_kernel_link_mark_twin(struct ovnet_kernel *k, uint32_t ifindex)
{
	struct nl_request req;
	struct ifinfomsg *ifi = nl_begin(&req, RTM_NEWLINK, 0, sizeof(*ifi));

	ifi->ifi_index = (int)ifindex;
	mnl_attr_put_strz(req.hdr, IFLA_IFALIAS, OVNET_TWIN_ALIAS);
	int err = nl_send(&k->nl, &req, NULL, NULL);
	if (err < 0)
		LOG(ERR, "link %u: cannot be marked as ovnet's: %s", ifindex, nl_why(&k->nl, err));
	return err;
}

static void collect(void *arg, const struct nlmsghdr *msg)
{
	struct nl_list *list = arg;
	struct link_entry found, *entry;

	if (msg == NULL) {
		list->n = 0;
		return;
	}
	if (msg->nlmsg_type != RTM_NEWLINK || !link_parse(msg, &found.link, &found.alias))
		return;
	entry = nl_list_add(list, sizeof(*entry));
	if (entry != NULL)
		*entry = found;
}

int link_list(struct nl *nl, struct nl_list *list)
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

int link_set_conf4(struct nl *nl, uint32_t ifindex, uint16_t setting, uint32_t value)
{
	struct nl_request req;
	struct ifinfomsg *ifi = nl_begin(&req, RTM_NEWLINK, 0, sizeof(*ifi));

	ifi->ifi_index = (int)ifindex;
	struct nlattr *spec = mnl_attr_nest_start(req.hdr, IFLA_AF_SPEC);
	struct nlattr *inet = mnl_attr_nest_start(req.hdr, AF_INET);
	struct nlattr *conf = mnl_attr_nest_start(req.hdr, IFLA_INET_CONF);
	mnl_attr_put_u32(req.hdr, setting, value);
	mnl_attr_nest_end(req.hdr, conf);
	mnl_attr_nest_end(req.hdr, inet);
	mnl_attr_nest_end(req.hdr, spec);
	return nl_send(nl, &req, NULL, NULL);
}
