/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Verdicts on packets whose source is not the usual one. Off the fast path, compiled once.
 * Private to lib/path.
 */
#ifndef OVNET_PATH_SOURCE_CHECK_H
#define OVNET_PATH_SOURCE_CHECK_H

#include "path/path.h"

/* A check's verdict: the packet may go on, or an enum ovnet_drop. */
#define PASS (-1)

/*
 * From the underlay, data at the inner IP header: not one the lease that covers its inner source
 * allows. `peer` is that lease's, or NULL. PASS also for what permissive validation lets by.
 */
int ovnet_source_check_peer(
	struct ovnet_path_ctx *ctx, struct rte_mbuf *m, const struct ovnet_peer *peer);
/* From the host device, data at its IP header: the source is not in our own subnet. */
int ovnet_source_check_host(struct ovnet_path_ctx *ctx, struct rte_mbuf *m);
/*
 * From the underlay, to an address neither in our own subnet nor in the overlay. PASS also where
 * that is for the kernel behind the host device to judge.
 */
int ovnet_dest_check(const void *ip);
/*
 * From the host device to an attach port: the kernel has routed it, from the world, from pods, from
 * the attach ports themselves where a service has led there.
 */
int ovnet_source_check_across(const struct rte_mbuf *m);
/*
 * From an attach port: the source is no endpoint of that port. Never passes, whatever the mode of
 * validation: who is plugged in here is ours to bind.
 */
int ovnet_source_check_attached(const struct rte_mbuf *m);
/* Is the destination multicast or everybody? */
bool ovnet_dest_is_group(const void *ip);

#endif
