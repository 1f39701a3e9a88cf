/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Taking the place of a flanneld that ran here before, or of the kernel, to which ovnet handed the
 * node: what it left is found when the network config is known, its subnet and VtepMAC are adopted,
 * ours is made ready beside it, and when every peer is settled the port changes hands and the rest
 * is removed.
 *
 *   look     refuses beside a live flanneld, and by node.takeover
 *   adopt    subnet and MAC into the lease
 *   prepare  before the first route leads to the host device; until then nothing is changed
 *   swap     the device down, its UDP port ours, both gone
 *   (rules)  flanneld's rules go behind ours, what others have for its device is told
 *
 * Control thread only.
 */
#ifndef OVNET_APP_TAKEOVER_TAKEOVER_H
#define OVNET_APP_TAKEOVER_TAKEOVER_H

#include "host/firewall_job.h"
#include "kernel/flannel_find.h"
#include "lane/kernel_lane.h"

struct event;
struct event_base;

struct takeover {
	struct ovnet_kernel *kernel;
	struct node *node;
	struct underlay *underlay;
	const struct kernel_lane *lane;
	struct firewall_job *firewall;
	struct warnings *warnings;
	struct ovnet_flannel_found found;
	bool pending;    /* `found` is to be taken over */
	bool restored;   /* peers are the snapshot's: etcd need not be waited for */
	bool over;       /* done, or there was nothing */
	char former[16]; /* the device that was taken over; "": none */
	/* The thread's while it works: what it has to tell, and what of it goes on. */
	struct takeover_rules {
		char former[16], device[16];
		bool remove; /* flanneld's rules */
		char *removed, *named, *files, *error;
		bool rejected;
		char why[400];
	} rules;
	struct event *again; /* looks whether what rejects us still does */
};

/* `node` is told that its port comes later. */
void takeover_init(struct takeover *t, struct ovnet_kernel *kernel, struct node *node,
	struct underlay *underlay, const struct kernel_lane *lane, struct firewall_job *firewall);
/* Behind the firewall's. Safe before init. */
void takeover_fini(struct takeover *t);

/*
 * 0: there is nothing, or it will be taken over. -EADDRINUSE: a live flanneld serves this network,
 * or somebody else has the port; -EPERM: node.takeover does not let us; other errors. All logged,
 * with what was found and what to do; nothing is changed.
 */
int takeover_look(struct takeover *t, const struct ovnet_netconf *c);
/*
 * What the tree does not say: the VtepMACs into `previous`, which may be empty; the subnet into
 * `own`, to be claimed if it is free.
 */
void takeover_adopt(const struct takeover *t, const struct ovnet_netconf *c,
	struct ovnet_lease *previous, struct ovnet_lease *own);
void takeover_prepare(const struct takeover *t);
/* Is the port still to change hands? */
bool takeover_pending(const struct takeover *t);
/* 0 or negative errno (logged): the daemon is to end. */
int takeover_swap(struct takeover *t);
/*
 * rules.c: it is over. Behind the next setting of ours flanneld's rules go, if node.takeover says
 * so, and rules and files of others' that concern us are told. Once; 0 or -ENOMEM.
 */
int takeover_start_rules(struct takeover *t, struct event_base *base);
/* Every few seconds: has flannel's come back? */
void takeover_check(struct takeover *t);

/* The files of this folder. */
/* live.c: 0, or -EADDRINUSE (logged). */
int takeover_refuse_live(const struct takeover *t, const struct ovnet_netconf *c);
/* describe.c: "device flannel.1 (10.5.72.0, ...), 3 routes, ...". */
char *takeover_describe(const struct ovnet_flannel_found *f, char *buf, size_t size);
/* A line for each rule of flanneld's, by iptables itself: waits. malloc()ed, NULL: none. */
char *takeover_list_rules(const struct takeover *t, const struct ovnet_netconf *c);
/* elsewhere.c: a line for each file of the host's that names `interface`; malloc()ed or NULL. */
char *takeover_files_naming(const char *root, const char *interface, const char *ours);

/* loss.c: what comes to the overlay's port of these uplinks, whoever takes it. */
struct takeover_count {
	int fd[CONF_MAX_UPLINKS];
	unsigned n;
	uint64_t taken; /* at the beginning, by those who take them */
};
void takeover_count_begin(struct takeover_count *c, const struct takeover *t);
/* Packets that came since and that nobody had, at most. Ends it. */
uint64_t takeover_count_end(struct takeover_count *c, const struct takeover *t);

#endif
