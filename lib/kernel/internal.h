/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of lib/kernel share. Control thread only. */
#ifndef OVNET_KERNEL_INTERNAL_H
#define OVNET_KERNEL_INTERNAL_H

#include <sys/queue.h>
#include <sys/socket.h>

#include <event2/event.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>

#include "base/prefix_list.h"
#include "kernel/host_device.h"
#include "kernel/kernel.h"
#include "kernel/nl.h"

#define KERNEL_NEIGH_BUCKETS 1024

LIST_HEAD(kernel_neigh_list, kernel_neigh);

struct ovnet_kernel {
	struct nl nl; /* requests */
	struct ovnet_kernel_events events;
	void *arg;

	struct mnl_socket *notify;
	struct event *readable, *fold, *tick;
	bool addrs_changed; /* to be told when `fold` fires */
	bool overrun;       /* notifications were lost: resync when `fold` fires */
	uint8_t inbox[NL_REPLY_SIZE] __attribute__((aligned(8)));

	struct event_base *base;
	struct host_check *check; /* of the host device's routes, under way */
	struct kernel_neigh_list neigh[KERNEL_NEIGH_BUCKETS];
	unsigned n_neigh;
	struct ovnet_prefix_list blackholes; /* that should be there, of both families */
	unsigned blackholes_version;
	bool no_gateways; /* IPv4 routes of a network too large for them, see host_device.c */
	bool no_managed;  /* a kernel before 5.16: ask again and again instead */
};

#define OVNET_TWIN_ALIAS "ovnet twin"

/* link.c. `alias` may be NULL. False: not a message about a whole link. */
struct link_alias {
	char text[64];
};
bool link_parse(const struct nlmsghdr *msg, struct ovnet_link *out, struct link_alias *alias);
/* Fills `list` with struct link_entry. */
struct link_entry {
	struct ovnet_link link;
	struct link_alias alias;
};
int link_list(struct nl *nl, struct nl_list *list);
/*
 * IPV4_DEVCONF_* of a link, by netlink: that works where /proc/sys is read only, too. IPv6 has no
 * such message. 0 or negative errno.
 */
int link_set_conf4(struct nl *nl, uint32_t ifindex, uint16_t setting, uint32_t value);
int link_get(struct nl *nl, uint32_t ifindex, struct ovnet_link *out);

/* addr.c. Fills `list` with struct addr_entry; family 0: both, ifindex 0: of every link. */
struct addr_entry {
	uint32_t ifindex;
	struct ovnet_addr local;
	struct ovnet_addr address; /* the other end's on a point-to-point link, else as `local` */
	uint8_t len;
	uint32_t flags; /* IFA_F_* */
};
int addr_list(struct nl *nl, uint8_t family, uint32_t ifindex, struct nl_list *list);

/* route_list.c. Routes of the main table, both families; protocol 0, ifindex 0: any. */
struct route_entry {
	struct ovnet_prefix dst;
	uint32_t ifindex, metric;
	uint8_t type, tos, protocol;
};
int route_list(struct nl *nl, uint8_t protocol, uint32_t ifindex, struct nl_list *list);
/* Our blackholes, without what else there is of ours. */
int route_list_blackholes(struct nl *nl, struct nl_list *list);
void route_list_compose(struct nl_request *req, uint8_t protocol, uint32_t ifindex);
bool route_parse_dst(const struct nlattr *attr, const struct rtmsg *rtm, struct ovnet_prefix *out);
/* Adds the route the message tells of, if it is one of these. */
void route_collect(
	struct nl_list *list, uint8_t protocol, uint32_t ifindex, const struct nlmsghdr *msg);
void route_remove_compose(struct nl_request *req, const struct route_entry *route);
/* Removes exactly that one. -ESRCH when it is gone already. */
int route_remove(struct nl *nl, const struct route_entry *route);

/* host_route.c: neither a default route nor one for 127/8, all of it network bits. */
bool route_is_routable(const struct ovnet_prefix *subnet);

/* blackhole.c */
int host_blackhole_set(struct nl *nl, const struct ovnet_prefix *network);
/* The netlink attribute of a prefix's address. */
void nl_put_prefix(struct nlmsghdr *hdr, uint16_t attr, const struct ovnet_prefix *p);
/* Index of the family in the pairs above. */
static inline unsigned family_index(uint8_t family)
{
	return family == AF_INET6;
}

/* host_check.c */
void host_check_stop(struct ovnet_kernel *k);

/* neigh_msg.c */
struct neigh_entry {
	uint32_t ifindex;
	struct ovnet_addr addr;
	struct ovnet_mac mac;
	bool has_mac;
	bool managed;
	bool learned; /* NTF_EXT_LEARNED: another control plane's */
	uint16_t state;
	uint8_t protocol;
};
bool neigh_parse(const struct nlmsghdr *msg, struct neigh_entry *out);
/* -ENOENT: the kernel has no such entry. */
int neigh_get(
	struct nl *nl, uint32_t ifindex, const struct ovnet_addr *addr, struct neigh_entry *out);
int neigh_use(struct nl *nl, uint32_t ifindex, const struct ovnet_addr *addr, bool managed);
/* Takes the managed flag off; the entry lives on as any other. */
int neigh_unmanage(struct nl *nl, uint32_t ifindex, const struct ovnet_addr *addr);
int neigh_list(struct nl *nl, struct nl_list *list);

/* proxy.c. Fills `list` with struct ovnet_proxy. */
struct ovnet_proxy;
int proxy_list(struct nl *nl, struct nl_list *list);
/* One that is not there is no error. */
int proxy_remove(struct nl *nl, const struct ovnet_proxy *p);

/* neigh.c: the wanted set */
void neigh_notified(struct ovnet_kernel *k, const struct nlmsghdr *msg);
void neigh_resync(struct ovnet_kernel *k);
void neigh_tick(struct ovnet_kernel *k);
void neigh_forget_all(struct ovnet_kernel *k);

#endif
