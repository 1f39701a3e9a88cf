/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keys in a v2 listing, one after the other, without a parser that takes all of it at once. A
 * key is an object with no object or array in it; directories, which hold the others, are walked
 * through however deep they are. Pure; any thread.
 */
#ifndef OVNET_LEASE_REGISTRY_ETCD_ETCD_V2_SCAN_H
#define OVNET_LEASE_REGISTRY_ETCD_ETCD_V2_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed but for `at` and `end`, the answer's first byte and the one behind its last. */
struct v2_scan {
	const char *at, *end;
	unsigned depth;   /* objects and arrays around `at` */
	const char *name; /* the last text seen in the answer itself, with its quotes */
	size_t name_len;
	const char *object; /* the one that began last; NULL: it holds others, or is over */
	bool in_node;       /* inside of the listing's node */
	bool found;         /* it was there, whole */
	bool is_node;       /* it is itself what was returned last */
	bool complete;      /* the answer's last bracket was there */
};

/*
 * 1: a key, or a directory without any, is `len` bytes at `object`; its inside is unchecked.
 * 0: that was all. -EAGAIN: a good deal of nothing, call again. -EINVAL: no listing of etcd's.
 */
int v2_scan_next(struct v2_scan *s, const char **object, size_t *len);

#endif
