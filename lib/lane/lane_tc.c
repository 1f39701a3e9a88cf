/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where our programs hang: filters of a clsact qdisc, with a priority and handle of our own. Others
 * may have filters there, and whoever made the qdisc relies on it: it goes only if we have used it
 * and nothing is left in it.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "lane/lane_int.h"

OVNET_LOG_TYPE(lane)

/* Behind what gets its priority from the kernel, which counts down from 49152. */
#define PRIORITY 50111
#define HANDLE   0x6f76
#define NAME     "ovnet_lane_" /* how the names of our programs begin */

/* What hangs at one side of a clsact qdisc. */
struct census {
	bool ours, stranger; /* at our place */
	unsigned others;
};

static void count(void *arg, const struct nlmsghdr *msg)
{
	struct census *c = arg;
	const struct nlattr *tb[TCA_MAX + 1], *bpf[TCA_BPF_MAX + 1];
	char name[32];

	if (msg == NULL) {
		*c = (struct census){0};
		return;
	}
	const struct tcmsg *tcm = nl_parse(msg, sizeof(*tcm), tb, TCA_MAX);
	/* With handle 0 it is not a filter, but says that there are some of that priority. */
	if (msg->nlmsg_type != RTM_NEWTFILTER || tcm == NULL || tcm->tcm_handle == 0)
		return;
	if (tcm->tcm_info >> 16 != PRIORITY) {
		c->others++;
		return;
	}
	nl_parse_nested(tb[TCA_OPTIONS], bpf, TCA_BPF_MAX);
	nl_string(bpf[TCA_BPF_NAME], name, sizeof(name));
	if (tcm->tcm_handle != HANDLE)
		c->others++;
	else if (strncmp(name, NAME, strlen(NAME)) == 0)
		c->ours = true;
	else
		c->stranger = true;
}

static int take_census(struct nl *nl, uint32_t ifindex, bool egress, struct census *c)
{
	struct nl_request req;
	struct tcmsg *tcm = nl_begin(&req, RTM_GETTFILTER, 0, sizeof(*tcm));

	tcm->tcm_family = AF_UNSPEC;
	tcm->tcm_ifindex = (int)ifindex;
	tcm->tcm_parent = TC_H_MAKE(TC_H_CLSACT, egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
	return nl_dump(nl, &req, count, c);
}

static enum bpf_tc_attach_point point_of(const struct lane_hook *h)
{
	return h->egress ? BPF_TC_EGRESS : BPF_TC_INGRESS;
}

/* If nobody has anything in it. Whoever has will remove it himself, or wants it to stay. */
static void remove_qdisc(struct nl *nl, uint32_t ifindex)
{
	struct census in, out;

	if (take_census(nl, ifindex, false, &in) < 0 || take_census(nl, ifindex, true, &out) < 0 ||
		in.ours || in.stranger || in.others > 0 || out.ours || out.stranger ||
		out.others > 0)
		return;
	LIBBPF_OPTS(bpf_tc_hook, qdisc, .ifindex = (int)ifindex,
		.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	(void)bpf_tc_hook_destroy(&qdisc);
}

static int detach(const struct lane_hook *h)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)h->ifindex, .attach_point = point_of(h));
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = HANDLE, .priority = PRIORITY);

	return bpf_tc_detach(&hook, &opts);
}

/* No such qdisc, or no such filter, in this kernel. */
static int cannot(int err)
{
	return err == -ENOENT ? -EOPNOTSUPP : err;
}

static int attach(struct nl *nl, struct lane_hook *h, int prog_fd)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)h->ifindex, .attach_point = point_of(h));
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd, .handle = HANDLE, .priority = PRIORITY,
		.flags = BPF_TC_F_REPLACE);
	struct census c;
	int err = bpf_tc_hook_create(&hook);

	if (err < 0 && err != -EEXIST)
		return cannot(err);
	h->made = err == 0;
	if ((err = take_census(nl, h->ifindex, h->egress, &c)) < 0)
		return err;
	h->others = c.others;
	err = c.stranger ? -EEXIST : bpf_tc_attach(&hook, &opts);
	h->attached = err == 0;
	return cannot(err);
}

static void say(const struct lane_hook *h, int err)
{
	char name[IF_NAMESIZE] = "?";

	(void)if_indextoname(h->ifindex, name);
	if (err != -EOPNOTSUPP)
		LOG(ERR, "interface '%s': cannot attach the kernel lane at %s: %s%s", name,
			h->egress ? "egress" : "ingress", strerror(-err),
			err == -EEXIST ? " (`tc filter show dev` shows what is in its place, "
					 "priority 50111; remove it, or set host.kernel-lane = "
					 "\"off\")"
				       : "");
}

int lane_tc_attach(struct nl *nl, struct lane_hook *h, int prog_fd)
{
	int err = attach(nl, h, prog_fd);

	if (err == 0)
		return 0;
	say(h, err);
	if (h->made)
		remove_qdisc(nl, h->ifindex);
	*h = (struct lane_hook){0};
	return err;
}

int lane_tc_mend(struct nl *nl, struct lane_hook *h, int prog_fd)
{
	const bool made = h->made;
	struct census c;
	int err = take_census(nl, h->ifindex, h->egress, &c);

	h->attached = err == 0 && c.ours;
	h->others = err == 0 ? c.others : 0;
	if (err == 0 && !c.ours) {
		err = attach(nl, h, prog_fd);
		h->made |= made;
	}
	if (err < 0 && err != -ENODEV && err != h->err)
		say(h, err);
	const bool back = err == 0 && !c.ours;
	h->err = err;
	return err == -ENODEV ? 0 : err < 0 ? err : back;
}

void lane_tc_detach(struct nl *nl, struct lane_hook *h)
{
	char name[IF_NAMESIZE];

	if (h->ifindex != 0 && if_indextoname(h->ifindex, name) != NULL) {
		int err = detach(h);
		if (err < 0 && err != -ENODEV && err != -ENOENT && err != -EINVAL)
			LOG(ERR, "interface '%s': cannot detach the kernel lane: %s", name,
				strerror(-err));
		if (h->made)
			remove_qdisc(nl, h->ifindex);
	}
	*h = (struct lane_hook){0};
}

/* Of the links with a clsact qdisc. */
static void collect(void *arg, const struct nlmsghdr *msg)
{
	struct nl_list *links = arg;
	const struct nlattr *tb[TCA_MAX + 1];
	char kind[16];

	if (msg == NULL) {
		links->n = 0;
		return;
	}
	const struct tcmsg *tcm = nl_parse(msg, sizeof(*tcm), tb, TCA_MAX);
	if (msg->nlmsg_type != RTM_NEWQDISC || tcm == NULL)
		return;
	nl_string(tb[TCA_KIND], kind, sizeof(kind));
	uint32_t *ifindex =
		strcmp(kind, "clsact") == 0 ? nl_list_add(links, sizeof(*ifindex)) : NULL;
	if (ifindex != NULL)
		*ifindex = (uint32_t)tcm->tcm_ifindex;
}

static int list_links(struct nl *nl, struct nl_list *links)
{
	struct nl_request req;
	struct tcmsg *tcm = nl_begin(&req, RTM_GETQDISC, 0, sizeof(*tcm));

	tcm->tcm_family = AF_UNSPEC;
	int err = nl_dump(nl, &req, collect, links);
	if (err == 0)
		err = links->err;
	if (err < 0)
		LOG(ERR, "qdiscs: cannot be listed: %s", nl_why(nl, err));
	return err;
}

/* 1: there was one of ours. */
static int remove_one(
	struct nl *nl, const struct lane_hook *h, bool dry_run, char *what, size_t size)
{
	char name[IF_NAMESIZE] = "?";
	struct census c;
	int err = take_census(nl, h->ifindex, h->egress, &c);

	(void)if_indextoname(h->ifindex, name);
	if (err < 0 && err != -ENODEV && err != -EINVAL) {
		LOG(ERR, "interface '%s': filters cannot be listed: %s", name, nl_why(nl, err));
		return err;
	}
	if (err < 0 || !c.ours) /* an error: it is gone since it was listed */
		return 0;
	snprintf(what, size, "kernel lane dev %s %s", name, h->egress ? "egress" : "ingress");
	if (dry_run)
		return 1;
	if ((err = detach(h)) < 0) {
		LOG(ERR, "%s: cannot be removed: %s", what, strerror(-err));
		return err;
	}
	remove_qdisc(nl, h->ifindex);
	return 1;
}

int lane_tc_remove_all(
	struct nl *nl, bool dry_run, void (*report)(void *arg, const char *what), void *arg)
{
	struct nl_list links = {0};
	char what[64];
	int err = list_links(nl, &links), found = 0;

	const uint32_t *ifindex = links.items;
	for (unsigned i = 0; err >= 0 && i < 2 * links.n; i++) {
		struct lane_hook h = {.ifindex = ifindex[i / 2], .egress = i % 2 != 0};
		err = remove_one(nl, &h, dry_run, what, sizeof(what));
		if (err == 1 && report != NULL)
			report(arg, what);
		found += err == 1;
	}
	free(links.items);
	return err < 0 ? err : found;
}
