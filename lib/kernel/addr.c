/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

static bool parse(const struct nlmsghdr *msg, struct addr_entry *out)
{
	const struct nlattr *tb[IFA_MAX + 1];
	const struct ifaddrmsg *ifa = nl_parse(msg, sizeof(*ifa), tb, IFA_MAX);

	if (ifa == NULL)
		return false;
	if (!nl_addr(tb[IFA_ADDRESS], ifa->ifa_family, &out->address))
		return false;
	/* IPv6 gives no IFA_LOCAL unless the link is point-to-point. */
	if (!nl_addr(tb[IFA_LOCAL], ifa->ifa_family, &out->local))
		out->local = out->address;
	out->ifindex = ifa->ifa_index;
	out->len = ifa->ifa_prefixlen;
	out->flags = nl_u32(tb[IFA_FLAGS], ifa->ifa_flags);
	return true;
}

static void collect(void *arg, const struct nlmsghdr *msg)
{
	struct nl_list *list = arg;
	struct addr_entry found, *entry;

	if (msg == NULL) {
		list->n = 0;
		return;
	}
	if (msg->nlmsg_type != RTM_NEWADDR || !parse(msg, &found))
		return;
	entry = nl_list_add(list, sizeof(*entry));
	if (entry != NULL)
		*entry = found;
}

static void keep_link(struct nl_list *list, uint32_t ifindex)
{
	struct addr_entry *a = list->items;
	unsigned kept = 0;

	for (unsigned i = 0; i < list->n; i++)
		if (a[i].ifindex == ifindex)
			a[kept++] = a[i];
	list->n = kept;
}

int addr_list(struct nl *nl, uint8_t family, uint32_t ifindex, struct nl_list *list)
{
	struct nl_request req;
	struct ifaddrmsg *ifa = nl_begin(&req, RTM_GETADDR, 0, sizeof(*ifa));

	ifa->ifa_family = family;
	ifa->ifa_index = ifindex;
	int err = nl_dump(nl, &req, collect, list);
	if (err == 0)
		err = list->err;
	if (err < 0 && err != -ENODEV)
		LOG(ERR, "addresses of link %u: cannot be listed: %s", ifindex, nl_why(nl, err));
	if (err == 0 && ifindex != 0)
		keep_link(list, ifindex);
	return err;
}

static bool link_local(const struct ovnet_addr *a)
{
	if (a->family == AF_INET6)
		return a->v6[0] == 0xfe && (a->v6[1] & 0xc0) == 0x80;
	return ntohl(a->v4_be) >> 16 == 0xa9fe; /* 169.254/16 */
}

int ovnet_kernel_link_addr(
	struct ovnet_kernel *k, uint32_t ifindex, uint8_t family, struct ovnet_addr *out)
{
	struct nl_list list = {0};
	const struct addr_entry *best = NULL;
	int err = addr_list(&k->nl, family, ifindex, &list);

	const struct addr_entry *a = list.items;
	for (unsigned i = 0; err == 0 && i < list.n; i++) {
		if (a[i].flags & (IFA_F_DEPRECATED | IFA_F_DADFAILED | IFA_F_TENTATIVE) ||
			!ovnet_addr_is_unicast(&a[i].local))
			continue;
		if (best == NULL || (link_local(&best->local) && !link_local(&a[i].local)))
			best = &a[i];
	}
	if (err == 0 && best == NULL)
		err = -EADDRNOTAVAIL;
	if (err == 0)
		*out = best->local;
	free(list.items);
	return err;
}

unsigned ovnet_kernel_link_addrs(
	struct ovnet_kernel *k, uint32_t ifindex, struct ovnet_addr *out, unsigned max)
{
	struct nl_list list = {0};
	unsigned n = 0;

	if (addr_list(&k->nl, AF_UNSPEC, ifindex, &list) < 0)
		list.n = 0;
	const struct addr_entry *a = list.items;
	for (unsigned i = 0; i < list.n && n < max; i++)
		if (ovnet_addr_is_unicast(&a[i].local) && !(a[i].flags & IFA_F_DADFAILED))
			out[n++] = a[i].local;
	free(list.items);
	return n;
}

int ovnet_kernel_local_addrs(struct ovnet_kernel *k, struct ovnet_local_addr **out)
{
	struct nl_list list = {0};
	int err = addr_list(&k->nl, AF_UNSPEC, 0, &list), n = 0;

	*out = err == 0 ? calloc(list.n + 1u, sizeof(**out)) : NULL;
	if (err == 0 && *out == NULL)
		err = -ENOMEM;
	const struct addr_entry *a = list.items;
	for (unsigned i = 0; err == 0 && i < list.n; i++)
		if (ovnet_addr_is_unicast(&a[i].local) && !(a[i].flags & IFA_F_DADFAILED))
			(*out)[n++] = (struct ovnet_local_addr){a[i].ifindex, a[i].local};
	free(list.items);
	return err < 0 ? err : n;
}

int ovnet_kernel_link_by_addr(
	struct ovnet_kernel *k, const struct ovnet_addr *addr, struct ovnet_link *out)
{
	struct nl_list list = {0};
	uint32_t ifindex = 0;
	int err = addr_list(&k->nl, addr->family, 0, &list);

	const struct addr_entry *a = list.items;
	for (unsigned i = 0; err == 0 && i < list.n && ifindex == 0; i++)
		if (ovnet_addr_equal(&a[i].local, addr))
			ifindex = a[i].ifindex;
	free(list.items);
	return err < 0 ? err : link_get(&k->nl, ifindex, out);
}

static int match_addr(struct ovnet_kernel *k, bool (*match)(void *arg, const char *text), void *arg,
	char *text, size_t size)
{
	struct nl_list list = {0};
	int err = addr_list(&k->nl, AF_INET, 0, &list), rc = -ENODEV;
	const struct addr_entry *a = list.items;
	char one[OVNET_ADDR_STRLEN];

	for (unsigned i = 0; err == 0 && i < list.n && rc < 0; i++) {
		ovnet_addr_text(&a[i].local, one, sizeof(one));
		if (!ovnet_addr_is_unicast(&a[i].local) || !match(arg, one))
			continue;
		snprintf(text, size, "%s", one);
		rc = 0;
	}
	free(list.items);
	return err < 0 ? err : rc;
}

int ovnet_kernel_link_match(struct ovnet_kernel *k, bool (*match)(void *arg, const char *text),
	void *arg, char *text, size_t size)
{
	int rc = match_addr(k, match, arg, text, size);

	if (rc != -ENODEV)
		return rc;
	struct nl_list list = {0};
	int err = link_list(&k->nl, &list);
	const struct link_entry *l = list.items;
	for (unsigned i = 0; err == 0 && i < list.n && rc < 0; i++) {
		if (strcmp(l[i].link.name, "lo") == 0 || !match(arg, l[i].link.name))
			continue;
		snprintf(text, size, "%s", l[i].link.name);
		rc = 0;
	}
	free(list.items);
	return err < 0 ? err : rc;
}
