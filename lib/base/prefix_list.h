/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sets of addresses as the fewest prefixes that make them up. One family in a list, in the order of
 * the addresses. Not shared between threads.
 */
#ifndef OVNET_BASE_PREFIX_LIST_H
#define OVNET_BASE_PREFIX_LIST_H

#include "base/net.h"

/* Zeroed is empty. */
struct ovnet_prefix_list {
	struct ovnet_prefix *items;
	unsigned n, room;
};

/*
 * Appends what lies between two addresses of one family, both included: 62 prefixes of IPv4 at
 * most, 254 of IPv6. Nothing where `last` is below `first`. 0, -EINVAL, -ENOMEM.
 */
int ovnet_prefix_list_range(
	struct ovnet_prefix_list *l, const struct ovnet_addr *first, const struct ovnet_addr *last);
/* Takes a prefix out, splitting what it lies in. 0 or -ENOMEM: the list is as it was. */
int ovnet_prefix_list_without(struct ovnet_prefix_list *l, const struct ovnet_prefix *hole);
/* The prefix that has the address, or NULL. */
const struct ovnet_prefix *ovnet_prefix_list_find(
	const struct ovnet_prefix_list *l, const struct ovnet_addr *addr);
bool ovnet_prefix_list_has(const struct ovnet_prefix_list *l, const struct ovnet_prefix *p);
bool ovnet_prefix_list_equal(const struct ovnet_prefix_list *a, const struct ovnet_prefix_list *b);
int ovnet_prefix_list_add(struct ovnet_prefix_list *l, const struct ovnet_prefix *p);
void ovnet_prefix_list_free(struct ovnet_prefix_list *l);

/* Bits of the prefix. */
uint8_t ovnet_prefix_len(const struct ovnet_prefix *p);
/* Does `p` cover all of `inner`? */
bool ovnet_prefix_covers(const struct ovnet_prefix *p, const struct ovnet_prefix *inner);
/* The prefix that is the address alone. */
struct ovnet_prefix ovnet_prefix_of_addr(const struct ovnet_addr *addr);

#endif
