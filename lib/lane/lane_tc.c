/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where our programs hang: filters of a clsact qdisc, with a priority and handle of our own. Others
 * may have filters there, and whoever made the qdisc relies on it: it goes only if we have used it
 * and nothing is left in it. At ingress an older "ingress" qdisc of others does as well; at egress
 * it would take what is said of the one for the other.
 */
#include <bpf/bpf.h>
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

#define QDISC_KIND 16 /* bytes of its name */

/* Of enum bpf_attach_type, in headers of Linux 6.6. */
#define TCX_INGRESS 46
#define TCX_EGRESS  47

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

static void take_kind(void *arg, const struct nlmsghdr *msg)
{
	const struct nlattr *tb[TCA_MAX + 1];

	if (msg->nlmsg_type == RTM_NEWQDISC && nl_parse(msg, sizeof(struct tcmsg), tb, TCA_MAX))
		nl_string(tb[TCA_KIND], arg, QDISC_KIND);
}

/* Of the qdisc in clsact's place. */
static bool is_clsact(struct nl *nl, uint32_t ifindex)
{
	char kind[QDISC_KIND] = "";
	struct nl_request req;
	struct tcmsg *tcm = nl_begin(&req, RTM_GETQDISC, 0, sizeof(*tcm));

	tcm->tcm_family = AF_UNSPEC;
	tcm->tcm_ifindex = (int)ifindex;
	tcm->tcm_parent = TC_H_CLSACT;
	return nl_send(nl, &req, take_kind, kind) == 0 && strcmp(kind, "clsact") == 0;
}

/* `hint`: what to do about it, where there is something. */
static int attach(struct nl *nl, struct lane_hook *h, int prog_fd, const char **hint)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)h->ifindex, .attach_point = point_of(h));
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd, .handle = HANDLE, .priority = PRIORITY,
		.flags = BPF_TC_F_REPLACE);
	struct census c;
	int err = bpf_tc_hook_create(&hook);

	*hint = NULL;
	if (err < 0 && err != -EEXIST)
		return err;
	h->made = err == 0;
	if (!h->made && h->egress && !is_clsact(nl, h->ifindex)) {
		*hint = "its qdisc \"ingress\" has no egress; have clsact in its place, or none";
		return -EOPNOTSUPP;
	}
	if ((err = take_census(nl, h->ifindex, h->egress, &c)) < 0)
		return err;
	h->others = c.others;
	if (c.stranger) {
		*hint = "`tc filter show dev` shows what is in its place, priority 50111; remove "
			"it, or set host.kernel-lane = \"off\"";
		return -EEXIST;
	}
	err = bpf_tc_attach(&hook, &opts);
	h->attached = err == 0;
	return err;
}

static void say(const struct lane_hook *h, int err, const char *hint)
{
	char name[IF_NAMESIZE] = "?";

	(void)if_indextoname(h->ifindex, name);
	LOG(ERR, "interface '%s': cannot attach the kernel lane at %s: %s%s%s%s", name,
		h->egress ? "egress" : "ingress", strerror(-err), hint != NULL ? " (" : "",
		hint != NULL ? hint : "", hint != NULL ? ")" : "");
}

int lane_tc_attach(struct nl *nl, struct lane_hook *h, int prog_fd)
{
	const char *hint;
	int err = attach(nl, h, prog_fd, &hint);

	if (err == 0)
		return 0;
	if (err == -ENOENT) /* no such qdisc, or no such filter, in this kernel */
		err = -EOPNOTSUPP;
	if (err != -EOPNOTSUPP || hint != NULL)
		say(h, err, hint);
	if (h->made)
		remove_qdisc(nl, h->ifindex);
	*h = (struct lane_hook){0};
	return err;
}

/* Newer programs that come before all filters (Linux 6.6); 0 where the kernel knows of none. */
static unsigned tcx_programs(const struct lane_hook *h)
{
	uint32_t n = 0;
	int err = bpf_prog_query((int)h->ifindex,
		(enum bpf_attach_type)(h->egress ? TCX_EGRESS : TCX_INGRESS), 0, NULL, NULL, &n);

	return err == 0 ? n : 0;
}

int lane_tc_mend(struct nl *nl, struct lane_hook *h, int prog_fd)
{
	const bool made = h->made;
	const char *hint = NULL;
	struct census c;
	int err = take_census(nl, h->ifindex, h->egress, &c);

	h->attached = err == 0 && c.ours;
	h->others = err == 0 ? c.others : 0;
	if (err == 0 && !c.ours) {
		err = attach(nl, h, prog_fd, &hint);
		h->made |= made;
	}
	h->others += tcx_programs(h);
	if (err < 0 && err != -ENODEV && err != h->err)
		say(h, err, hint);
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

/* Where filters of ours may be. */
struct link_qdisc {
	uint32_t ifindex;
	bool egress; /* there, too */
};

static void collect(void *arg, const struct nlmsghdr *msg)
{
	struct nl_list *links = arg;
	const struct nlattr *tb[TCA_MAX + 1];
	char kind[QDISC_KIND];

	if (msg == NULL) {
		links->n = 0;
		return;
	}
	const struct tcmsg *tcm = nl_parse(msg, sizeof(*tcm), tb, TCA_MAX);
	if (msg->nlmsg_type != RTM_NEWQDISC || tcm == NULL)
		return;
	nl_string(tb[TCA_KIND], kind, sizeof(kind));
	const bool clsact = strcmp(kind, "clsact") == 0;
	if (!clsact && strcmp(kind, "ingress") != 0)
		return;
	struct link_qdisc *q = nl_list_add(links, sizeof(*q));
	if (q != NULL)
		*q = (struct link_qdisc){.ifindex = (uint32_t)tcm->tcm_ifindex, .egress = clsact};
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
		const bool shared = err == -EOPNOTSUPP;
		LOG(ERR, "%s: cannot be removed: %s", what,
			shared ? "it is in a block that devices share; remove it there (`tc filter "
				 "del block`)"
			       : strerror(-err));
		return shared ? -EBUSY : err;
	}
	remove_qdisc(nl, h->ifindex);
	return 1;
}

struct removal {
	struct nl *nl;
	bool dry_run;
	void (*report)(void *arg, const char *what);
	void *arg;
	int found, err; /* the first one */
};

static void remove_at(struct removal *r, const struct link_qdisc *q)
{
	char what[64];

	for (unsigned i = 0; i <= q->egress; i++) {
		struct lane_hook h = {.ifindex = q->ifindex, .egress = i != 0};
		int rc = remove_one(r->nl, &h, r->dry_run, what, sizeof(what));
		if (rc < 0 && r->err == 0)
			r->err = rc;
		if (rc == 1 && r->report != NULL)
			r->report(r->arg, what);
		r->found += rc == 1;
	}
}

/* Those of the lane's device at last, when nothing is sent up any more. */
int lane_tc_remove_all(
	struct nl *nl, bool dry_run, void (*report)(void *arg, const char *what), void *arg)
{
	const uint32_t last = if_nametoindex(OVNET_LANE_DEVICE);
	struct removal r = {.nl = nl, .dry_run = dry_run, .report = report, .arg = arg};
	struct nl_list links = {0};

	r.err = list_links(nl, &links);
	const struct link_qdisc *q = links.items;
	for (unsigned pass = 0; pass < 2 && r.err == 0; pass++)
		for (unsigned i = 0; i < links.n; i++)
			if ((q[i].ifindex == last) == (pass == 1))
				remove_at(&r, &q[i]);
	free(links.items);
	return r.err < 0 ? r.err : r.found;
}
