/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A listing of the whole tree on its way into the table: kept page by page as it comes, then
 * compared a part per turn of the event loop, so that a full tree stalls nobody. Control thread.
 */
#ifndef OVNET_LEASE_LEASE_LISTING_H
#define OVNET_LEASE_LEASE_LISTING_H

#include "lease/lease_table.h"

struct event_base;
struct lease_listing;

struct lease_listing *lease_listing_new(void);
/* Nothing follows from it any more. NULL is fine. */
void lease_listing_free(struct lease_listing *l);

/* Copies them; `skip` bytes of each key are the prefix. */
void lease_listing_add(
	struct lease_listing *l, const struct ovnet_registry_kv *kvs, size_t n, size_t skip);
/* The key without its prefix as listed, or NULL. Lives as long as the listing. */
const struct ovnet_registry_kv *lease_listing_find(const struct lease_listing *l, const char *name);
/*
 * The table becomes what the listing says: what is not in it goes, the rest is compared, keys
 * first that were created first. `own` (a name, or NULL) is left out. Once; `done` comes later and
 * may free it.
 */
void lease_listing_apply(struct lease_listing *l, struct event_base *base, struct lease_table *t,
	const char *own, void (*done)(void *arg), void *arg);

#endif
