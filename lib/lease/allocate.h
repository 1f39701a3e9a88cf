/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which subnet to claim: flannel's choice (flannel-facts 2). From the first to the last
 * subnet of the range, what overlaps a lease is skipped, up to 100 free ones are collected,
 * one of them is taken at random, so that nodes starting together seldom collide. Pure.
 */
#ifndef OVNET_LEASE_ALLOCATE_H
#define OVNET_LEASE_ALLOCATE_H

#include "lease_value.h"

#define OVNET_ALLOCATE_CANDIDATES 100

/* A number below `bound`. */
typedef uint32_t (*ovnet_random_fn)(void *arg, uint32_t bound);

/* Has `l` (its subnets) the shape and range that `conf` gives out? */
bool ovnet_lease_fits(const struct ovnet_netconf *conf, const struct ovnet_lease *l);

/*
 * Sets `out`'s subnets to free ones; IPv4 and IPv6 are chosen apart from each other, as flannel
 * v0.19+ does. -ENOSPC: the range is full.
 */
int ovnet_allocate(const struct ovnet_netconf *conf, const struct ovnet_lease *taken, size_t n,
	ovnet_random_fn rnd, void *arg, struct ovnet_lease *out);

#endif
