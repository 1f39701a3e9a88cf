/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which subnet to claim: flannel's choice (flannel-facts 2). From the first to the last
 * subnet of the range, what overlaps a lease is skipped, up to 100 free ones are collected,
 * one of them is taken at random, so that nodes starting together seldom collide. Pure.
 */
#ifndef OVNET_LEASE_FLANNEL_ALLOCATE_H
#define OVNET_LEASE_FLANNEL_ALLOCATE_H

#include "lease/flannel/lease_value.h"

#define OVNET_ALLOCATE_CANDIDATES 100

/* A number below `bound`. */
typedef uint32_t (*ovnet_random_fn)(void *arg, uint32_t bound);

/* Has `l` (its subnets) the shape and range that `conf` gives out? */
bool ovnet_lease_fits(const struct ovnet_netconf *conf, const struct ovnet_lease *l);

/* Leases whose halves are better than any other, the first one most. */
struct ovnet_former {
	const struct ovnet_lease *leases; /* subnet.len 0, has_v6 false: none of that half */
	size_t n;
};

/*
 * Sets `out`'s subnets to free ones. Each half is a former one where that is free. Otherwise the
 * IPv6 half is the one whose number is the IPv4 half's, where that is free: nodes that start
 * together and choose the same IPv4 half then want the same key, which only one of them can get.
 * What is left is chosen apart, as flannel v0.19+ does. -ENOSPC: the range is full.
 */
int ovnet_allocate(const struct ovnet_netconf *conf, const struct ovnet_lease *taken, size_t n,
	const struct ovnet_former *former, ovnet_random_fn rnd, void *arg, struct ovnet_lease *out);

#endif
