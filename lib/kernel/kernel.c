/* SPDX-License-Identifier: BSD-3-Clause */
/* Notifications: one socket in the event loop, folded and handed on. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

/* Some 8,000 notifications: what one stall of the control loop on a busy host may collect. */
#define INBOX_BYTES (8 << 20)
/* Reads per wake-up, so that a storm does not starve the loop's other work. */
#define READS_PER_WAKE 512

static const struct timeval fold_time = {.tv_usec = 50000};

static void schedule(struct ovnet_kernel *k)
{
	if (!event_pending(k->fold, EV_TIMEOUT, NULL) && event_add(k->fold, &fold_time) < 0)
		LOG(ERR, "no timer, no memory: a change of routes goes unnoticed; restart ovnetd");
}

static void on_link(struct ovnet_kernel *k, const struct nlmsghdr *msg)
{
	struct ovnet_link link;

	if (!link_parse(msg, &link, NULL))
		return;
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(msg);
	bool gone = msg->nlmsg_type == RTM_DELLINK;
	if (gone)
		link.up = link.running = false;
	/* The kernel drops a down link's IPv4 routes without a word. */
	if (gone || ifi->ifi_change & IFF_UP) {
		k->addrs_changed = true; /* of a link that is gone not each is told */
		schedule(k);
	}
	if (k->events.link_changed != NULL)
		k->events.link_changed(k->arg, &link);
}

static void on_addr(struct ovnet_kernel *k, const struct nlmsghdr *msg)
{
	struct ovnet_link link;

	if (mnl_nlmsg_get_payload_len(msg) < sizeof(struct ifaddrmsg))
		return;
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(msg);
	/* Routes that prefer a removed source address vanish silently, too. */
	k->addrs_changed = true;
	schedule(k);
	if (k->events.link_changed != NULL && link_get(&k->nl, ifa->ifa_index, &link) == 0)
		k->events.link_changed(k->arg, &link);
}

static void dispatch(struct ovnet_kernel *k, const struct nlmsghdr *msg)
{
	switch (msg->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		on_link(k, msg);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		on_addr(k, msg);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		schedule(k);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		neigh_notified(k, msg);
		break;
	default:
		break;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_kernel *k = arg;
	(void)what;

	for (unsigned i = 0; i < READS_PER_WAKE; i++) {
		ssize_t n = nl_receive(fd, k->inbox, sizeof(k->inbox));
		if (n == -EAGAIN)
			return;
		if (n < 0) {
			if (n != -ENOBUFS)
				LOG(ERR, "netlink notifications: %s", strerror((int)-n));
			k->overrun = true;
			schedule(k);
			return;
		}
		int left = (int)n;
		const struct nlmsghdr *msg = (const void *)k->inbox;
		for (; mnl_nlmsg_ok(msg, left); msg = mnl_nlmsg_next(msg, &left))
			dispatch(k, msg);
	}
}

static void resync(struct ovnet_kernel *k)
{
	struct nl_list links = {0};

	LOG(NOTICE, "netlink notifications were lost in a burst: reading everything again");
	neigh_resync(k);
	if (k->events.link_changed != NULL && link_list(&k->nl, &links) == 0) {
		const struct link_entry *l = links.items;
		for (unsigned i = 0; i < links.n; i++)
			k->events.link_changed(k->arg, &l[i].link);
	}
	free(links.items);
	if (k->events.resync != NULL)
		k->events.resync(k->arg);
}

static void on_fold(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_kernel *k = arg;
	(void)fd, (void)what;

	if (k->overrun) {
		k->overrun = false;
		k->addrs_changed = true;
		resync(k);
	}
	bool addrs_changed = k->addrs_changed;
	k->addrs_changed = false;
	if (addrs_changed && k->events.addrs_changed != NULL)
		k->events.addrs_changed(k->arg);
	if (k->events.route_changed != NULL)
		k->events.route_changed(k->arg);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	neigh_tick(arg);
}

/*
 * Our own host routes, up to 65,536 in a row, are dropped before they reach the socket: they
 * say nothing about the underlay and would overrun it.
 */
static int mute_own_routes(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		/* Loads are big endian, netlink is the host's. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
			sizeof(struct nlmsghdr) + offsetof(struct rtmsg, rtm_protocol)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OVNET_RTPROT, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {.len = MNL_ARRAY_SIZE(code), .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0 ? -errno : 0;
}

static int join_groups(struct mnl_socket *sock)
{
	static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_NEIGH};

	for (unsigned i = 0; i < MNL_ARRAY_SIZE(groups); i++) {
		int group = groups[i];
		if (mnl_socket_setsockopt(sock, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
			return -errno;
	}
	return 0;
}

static int notify_open(struct ovnet_kernel *k)
{
	int size = INBOX_BYTES;

	k->notify = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (k->notify == NULL || mnl_socket_bind(k->notify, 0, MNL_SOCKET_AUTOPID) < 0) {
		int err = -errno;
		LOG(ERR, "netlink notifications: no socket: %s", nl_why(&k->nl, err));
		return err;
	}
	int fd = mnl_socket_get_fd(k->notify);
	/* Beyond rmem_max only root may go; less only means more re-dumps. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	int err = mute_own_routes(fd);
	if (err == 0)
		err = join_groups(k->notify);
	if (err < 0)
		LOG(ERR, "netlink notifications: refused: %s", nl_why(&k->nl, err));
	return err;
}

static int events_open(struct ovnet_kernel *k, struct event_base *base)
{
	k->readable =
		event_new(base, mnl_socket_get_fd(k->notify), EV_READ | EV_PERSIST, on_readable, k);
	k->fold = event_new(base, -1, 0, on_fold, k);
	k->tick = event_new(base, -1, EV_PERSIST, on_tick, k);
	if (k->readable == NULL || k->fold == NULL || k->tick == NULL ||
		event_add(k->readable, NULL) < 0) {
		LOG(ERR, "netlink notifications: the event loop does not take them: no memory");
		return -ENOMEM;
	}
	return 0;
}

struct ovnet_kernel *ovnet_kernel_open(
	struct event_base *base, const struct ovnet_kernel_events *events, void *arg)
{
	struct ovnet_kernel *k = calloc(1, sizeof(*k));

	if (k == NULL) {
		LOG(ERR, "netlink: no memory");
		return NULL;
	}
	k->base = base;
	k->events = *events;
	k->arg = arg;
	if (nl_open(&k->nl) < 0 || notify_open(k) < 0 || events_open(k, base) < 0) {
		ovnet_kernel_close(k);
		return NULL;
	}
	return k;
}

void ovnet_kernel_close(struct ovnet_kernel *k)
{
	if (k == NULL)
		return;
	host_check_stop(k);
	neigh_forget_all(k);
	if (k->tick != NULL)
		event_free(k->tick);
	if (k->fold != NULL)
		event_free(k->fold);
	if (k->readable != NULL)
		event_free(k->readable);
	if (k->notify != NULL)
		mnl_socket_close(k->notify);
	nl_close(&k->nl);
	ovnet_prefix_list_free(&k->blackholes);
	free(k);
}
