/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbour messages: what is asked of the kernel, and what its answers say. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

bool neigh_parse(const struct nlmsghdr *msg, struct neigh_entry *out)
{
	const struct nlattr *tb[NDA_MAX + 1];
	const struct ndmsg *ndm = nl_parse(msg, sizeof(*ndm), tb, NDA_MAX);

	memset(out, 0, sizeof(*out));
	if (ndm == NULL || ndm->ndm_flags & NTF_PROXY ||
		!nl_addr(tb[NDA_DST], ndm->ndm_family, &out->addr))
		return false;
	out->ifindex = (uint32_t)ndm->ndm_ifindex;
	out->state = ndm->ndm_state;
	out->learned = ndm->ndm_flags & NTF_EXT_LEARNED;
	out->managed = nl_u32(tb[NDA_FLAGS_EXT], 0) & NTF_EXT_MANAGED;
	if (tb[NDA_PROTOCOL] != NULL && mnl_attr_get_payload_len(tb[NDA_PROTOCOL]) >= 1)
		out->protocol = mnl_attr_get_u8(tb[NDA_PROTOCOL]);
	if (tb[NDA_LLADDR] != NULL &&
		mnl_attr_get_payload_len(tb[NDA_LLADDR]) == sizeof(out->mac.b)) {
		memcpy(out->mac.b, mnl_attr_get_payload(tb[NDA_LLADDR]), sizeof(out->mac.b));
		out->has_mac = true;
	}
	return true;
}

static struct ndmsg *begin(struct nl_request *req, uint16_t type, uint16_t flags, uint32_t ifindex,
	const struct ovnet_addr *addr)
{
	struct ndmsg *ndm = nl_begin(req, type, flags, sizeof(*ndm));

	ndm->ndm_family = addr->family;
	ndm->ndm_ifindex = (int)ifindex;
	nl_put_addr(req->hdr, NDA_DST, addr);
	return ndm;
}

static void take_entry(void *arg, const struct nlmsghdr *msg)
{
	if (msg->nlmsg_type == RTM_NEWNEIGH)
		(void)neigh_parse(msg, arg);
}

int neigh_get(
	struct nl *nl, uint32_t ifindex, const struct ovnet_addr *addr, struct neigh_entry *out)
{
	struct nl_request req;

	memset(out, 0, sizeof(*out));
	begin(&req, RTM_GETNEIGH, 0, ifindex, addr);
	int err = nl_send(nl, &req, take_entry, out);
	if (err == 0 && out->ifindex == 0)
		err = -ENOENT;
	return err;
}

int neigh_use(struct nl *nl, uint32_t ifindex, const struct ovnet_addr *addr, bool managed)
{
	struct nl_request req;
	struct ndmsg *ndm = begin(&req, RTM_NEWNEIGH, NLM_F_CREATE, ifindex, addr);

	/* With NTF_USE a kernel that ignores NDA_FLAGS_EXT leaves the entry's state alone. */
	ndm->ndm_flags = NTF_USE;
	if (managed) {
		mnl_attr_put_u32(req.hdr, NDA_FLAGS_EXT, NTF_EXT_MANAGED);
		mnl_attr_put_u8(req.hdr, NDA_PROTOCOL, OVNET_RTPROT);
	}
	return nl_send(nl, &req, NULL, NULL);
}

int neigh_unmanage(struct nl *nl, uint32_t ifindex, const struct ovnet_addr *addr)
{
	struct nl_request req;
	struct neigh_entry now;
	int err = neigh_get(nl, ifindex, addr, &now);

	/* Looked at first: NTF_USE would make an entry that became permanent an ordinary one. */
	if (err == 0 && now.managed) {
		struct ndmsg *ndm = begin(&req, RTM_NEWNEIGH, 0, ifindex, addr);
		/* NTF_USE without NDA_FLAGS_EXT clears the flag and nothing else. */
		ndm->ndm_flags = NTF_USE;
		err = nl_send(nl, &req, NULL, NULL);
	}
	if (err == -ENOENT || err == -ENODEV)
		return 0;
	if (err < 0) {
		char text[OVNET_ADDR_STRLEN];
		LOG(ERR, "neighbour %s of link %u: cannot be released: %s",
			ovnet_addr_text(addr, text, sizeof(text)), ifindex, nl_why(nl, err));
	}
	return err;
}

static void collect(void *arg, const struct nlmsghdr *msg)
{
	struct nl_list *list = arg;
	struct neigh_entry found, *entry;

	if (msg == NULL) {
		list->n = 0;
		return;
	}
	if (msg->nlmsg_type != RTM_NEWNEIGH || !neigh_parse(msg, &found))
		return;
	entry = nl_list_add(list, sizeof(*entry));
	if (entry != NULL)
		*entry = found;
}

int neigh_list(struct nl *nl, struct nl_list *list)
{
	struct nl_request req;

	nl_begin(&req, RTM_GETNEIGH, 0, sizeof(struct ndmsg));
	int err = nl_dump(nl, &req, collect, list);
	if (err == 0)
		err = list->err;
	if (err < 0)
		LOG(ERR, "neighbours: cannot be listed: %s", nl_why(nl, err));
	return err;
}
