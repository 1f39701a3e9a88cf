/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Everybody's leases as they stand in the tree, the bad ones apart. A key is judged alone:
 * name, value, network, and whether it overlaps ours or one that was there before, or bears the
 * PublicIP of one that came later. Each peer
 * that is fit, changes or goes is told once. Control thread.
 */
#ifndef OVNET_LEASE_LEASE_TABLE_H
#define OVNET_LEASE_LEASE_TABLE_H

#include "lease/flannel/lease_value.h"
#include "lease/registry/registry.h"

struct lease_table;

struct lease_table_conf {
	struct ovnet_addr public_ip, public_ip6; /* ours: nobody else may carry it */
	void (*peer_set)(void *arg, const struct ovnet_lease *lease);
	void (*peer_del)(void *arg, const struct ovnet_lease *lease);
	void *arg;
};

struct lease_table *lease_table_new(const struct lease_table_conf *conf);
void lease_table_free(struct lease_table *t);

/* Before the first key. Kept by reference. */
void lease_table_set_netconf(struct lease_table *t, const struct ovnet_netconf *netconf);
/* What overlaps it is refused; what only the former one kept out comes in. NULL: none. */
void lease_table_set_own(struct lease_table *t, const struct ovnet_lease *own);

/* `name` is the key without its prefix. */
void lease_table_put(struct lease_table *t, const char *name, const struct ovnet_registry_kv *kv);
void lease_table_remove(struct lease_table *t, const char *name);
/*
 * For a complete listing, which is lease_listing.c's: unmark all, mark each that is in it, sweep
 * away the others (at most `n` looked at; true when that was all), then put each.
 */
void lease_table_unmark(struct lease_table *t);
void lease_table_mark(struct lease_table *t, const char *name);
bool lease_table_sweep(struct lease_table *t, unsigned n);
/* After puts and removals: another look at the leases that others had kept out. */
void lease_table_settle(struct lease_table *t);

/* A good lease that overlaps ours, whose key came to be before that revision; or NULL. */
const struct ovnet_lease *lease_table_rival(const struct lease_table *t, int64_t before);
/* Two good leases that overlap, ours and another if there are such: the first is in force. */
bool lease_table_clash(struct lease_table *t, struct ovnet_lease *one, struct ovnet_lease *other);
uint32_t lease_table_peers(const struct lease_table *t);
uint32_t lease_table_invalid(const struct lease_table *t);
void lease_table_each(const struct lease_table *t,
	void (*fn)(void *arg, const struct ovnet_lease *lease, bool own), void *arg);
void lease_table_each_invalid(const struct lease_table *t,
	void (*fn)(void *arg, const char *key, const char *why), void *arg);

#endif
