/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/proxy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

static void collect(void *arg, const struct nlmsghdr *msg)
{
	const struct nlattr *tb[NDA_MAX + 1];
	struct nl_list *list = arg;
	struct ovnet_addr addr;

	if (msg == NULL) {
		list->n = 0;
		return;
	}
	const struct ndmsg *ndm = nl_parse(msg, sizeof(*ndm), tb, NDA_MAX);
	if (msg->nlmsg_type != RTM_NEWNEIGH || ndm == NULL || !(ndm->ndm_flags & NTF_PROXY) ||
		!nl_addr(tb[NDA_DST], ndm->ndm_family, &addr))
		return;
	struct ovnet_proxy *p = nl_list_add(list, sizeof(*p));
	if (p == NULL)
		return;
	p->ifindex = (uint32_t)ndm->ndm_ifindex;
	p->addr = addr;
	p->ours = tb[NDA_PROTOCOL] != NULL && mnl_attr_get_payload_len(tb[NDA_PROTOCOL]) >= 1 &&
		  mnl_attr_get_u8(tb[NDA_PROTOCOL]) == OVNET_RTPROT;
}

int proxy_list(struct nl *nl, struct nl_list *list)
{
	struct nl_request req;
	struct ndmsg *ndm = nl_begin(&req, RTM_GETNEIGH, 0, sizeof(*ndm));

	ndm->ndm_flags = NTF_PROXY;
	int err = nl_dump(nl, &req, collect, list);
	if (err == 0)
		err = list->err;
	if (err < 0)
		LOG(ERR, "proxy entries: cannot be listed: %s", nl_why(nl, err));
	return err;
}

int ovnet_kernel_proxies(struct ovnet_kernel *k, struct ovnet_proxy **out)
{
	struct nl_list list = {0};
	int err = proxy_list(&k->nl, &list);

	*out = list.items;
	if (err == 0)
		return (int)list.n;
	free(list.items);
	*out = NULL;
	return err;
}

static void compose(struct nl_request *req, const struct ovnet_proxy *p, bool set)
{
	struct ndmsg *ndm = nl_begin(
		req, set ? RTM_NEWNEIGH : RTM_DELNEIGH, set ? NLM_F_CREATE : 0, sizeof(*ndm));

	ndm->ndm_family = p->addr.family;
	ndm->ndm_ifindex = (int)p->ifindex;
	ndm->ndm_flags = NTF_PROXY;
	nl_put_addr(req->hdr, NDA_DST, &p->addr);
	if (set)
		mnl_attr_put_u8(req->hdr, NDA_PROTOCOL, OVNET_RTPROT);
}

static int outcome(const struct ovnet_proxy_change *c, int rc)
{
	return !c->set && (rc == -ENOENT || rc == -ENODEV) ? 0 : rc;
}

int proxy_remove(struct nl *nl, const struct ovnet_proxy *p)
{
	const struct ovnet_proxy_change c = {.set = false};
	struct nl_request req;

	compose(&req, p, false);
	return outcome(&c, nl_send(nl, &req, NULL, NULL));
}

static void change_some(struct ovnet_kernel *k, struct ovnet_proxy_change *c, unsigned n)
{
	struct nl_batch batch = {0};
	struct nl_request req;

	for (unsigned i = 0; i < n; i++) {
		compose(&req, &c[i].proxy, c[i].set);
		nl_batch_add(&batch, &req);
	}
	int err = nl_batch_run(&k->nl, &batch, NULL, NULL);
	for (unsigned i = 0; i < n; i++)
		c[i].rc = err < 0 ? err : outcome(&c[i], batch.verdict[i]);
}

void ovnet_kernel_proxies_change(
	struct ovnet_kernel *k, struct ovnet_proxy_change *changes, unsigned n)
{
	for (unsigned done = 0; done < n; done += NL_BATCH)
		change_some(k, changes + done, n - done < NL_BATCH ? n - done : NL_BATCH);
}

/* NOARP is nobody's answer: a TUN's entries. */
static bool answered(const struct neigh_entry *e)
{
	return e->has_mac &&
	       e->state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT);
}

int ovnet_kernel_neighbour(
	struct ovnet_kernel *k, const struct ovnet_addr *addr, struct ovnet_neighbour *out)
{
	struct nl_list list = {0};
	int err = neigh_list(&k->nl, &list), rc = -ENOENT;
	const struct neigh_entry *e = list.items;

	for (unsigned i = 0; err == 0 && i < list.n && rc < 0; i++) {
		if (!answered(&e[i]) || !ovnet_addr_equal(&e[i].addr, addr))
			continue;
		*out = (struct ovnet_neighbour){e[i].ifindex, e[i].mac};
		rc = 0;
	}
	free(list.items);
	return err < 0 ? err : rc;
}
