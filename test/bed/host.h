/* SPDX-License-Identifier: BSD-3-Clause */
/* A host device in the lab (bed/kernel.h), and what `ip` says of it. The lab's end removes it. */
#ifndef OVNET_BED_HOST_H
#define OVNET_BED_HOST_H

#include "bed/kernel.h"

#define NETWORK "10.5.0.0/16"
#define OWN     "10.5.9.0/24"
#define MTU     1450

uint32_t add_tun(struct lab *l, const char *name);

/* A list of these prefixes; at most four are alive at a time. */
const struct ovnet_prefix_list *holes(const char *a, const char *b);

int lab_host_set_up(struct lab *l, uint32_t ifindex);
void set_route(struct lab *l, uint32_t ifindex, const char *subnet);

/* The whole of what `ip` prints equals `want`. */
void prints(const char *cmd, const char *want);

#define ROUTES  "ip -4 route show proto 111 | sed 's/ linkdown//; s/ *$//'"
#define ROUTES6 "ip -6 route show proto 111 | sed 's/ linkdown//; s/ dev lo//; s/ *$//'"
#define HOLE6   "blackhole fd05::/48 metric 4278198272 pref medium\n"
#define ADDRS   "ip -o addr show dev ovnet0 | awk '{print $4}'"
#define HOLE    "blackhole 10.5.0.0/16 metric 4278198272\n"

struct comparison {
	unsigned asked;
	bool over;
	int err;
};

bool keep_one(void *arg, const struct ovnet_prefix *subnet);
void on_compared(void *arg, int err);

/* How many routes were asked about. */
unsigned compare(struct lab *l, uint32_t dev);

#endif
