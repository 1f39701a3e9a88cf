/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Our own subnet is the host's, but for what lives at attach ports: the longer prefix wins. No peer
 * lies in there or in another one's subnet, the FIB refuses that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "lane/kernel_lane.h"

OVNET_LOG_TYPE(lane)

static int by_prefix(const void *a, const void *b)
{
	const struct ovnet_prefix4 *p = a, *q = b;

	if (p->addr_host != q->addr_host)
		return p->addr_host < q->addr_host ? -1 : 1;
	return (int)p->len - (int)q->len;
}

static bool has(const struct ovnet_prefix4 *list, unsigned n, const struct ovnet_prefix4 *p)
{
	return n > 0 && bsearch(p, list, n, sizeof(*list), by_prefix) != NULL;
}

void kernel_lane_take_attached(struct kernel_lane *l, const struct ovnet_prefix *addrs, unsigned n)
{
	struct ovnet_prefix4 *list = n > 0 ? malloc(n * sizeof(*list)) : NULL;
	unsigned n4 = 0;

	if (n > 0 && list == NULL) {
		kernel_lane_give_up(l, "the attach ports' addresses", -ENOMEM);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		if (addrs[i].family == AF_INET)
			list[n4++] = addrs[i].v4;
	if (n4 > 1)
		qsort(list, n4, sizeof(*list), by_prefix);
	free(l->attached);
	l->attached = list;
	l->n_attached = n4;
}

bool kernel_lane_is_own(const struct kernel_lane *l, const struct ovnet_prefix4 *p)
{
	return ovnet_prefix4_equal(p, &l->own) || has(l->elsewhere, l->n_elsewhere, p);
}

/* A prefix that stays is not touched, so that no address of it is the host's meanwhile. */
static int tell_elsewhere(struct kernel_lane *l, const struct ovnet_prefix4 *now, unsigned n)
{
	struct ovnet_prefix4 *copy = n > 0 ? malloc(n * sizeof(*copy)) : NULL;
	int rc = n > 0 && copy == NULL ? -ENOMEM : 0;

	for (unsigned i = 0; rc == 0 && i < n; i++)
		if (!has(l->elsewhere, l->n_elsewhere, &now[i]))
			rc = ovnet_lane_set_elsewhere(l->lane, &now[i]);
	for (unsigned i = 0; rc == 0 && i < l->n_elsewhere; i++)
		if (!has(now, n, &l->elsewhere[i]))
			rc = ovnet_lane_del(l->lane, &l->elsewhere[i]);
	if (rc < 0) {
		free(copy);
		return rc;
	}
	if (n > 0)
		memcpy(copy, now, n * sizeof(*copy));
	free(l->elsewhere);
	l->elsewhere = copy;
	l->n_elsewhere = n;
	return 0;
}

static bool elsewhere_is_told(const struct kernel_lane *l)
{
	unsigned i = 0;

	while (i < l->n_attached && i < l->n_elsewhere &&
		ovnet_prefix4_equal(&l->elsewhere[i], &l->attached[i]))
		i++;
	return i == l->n_attached && i == l->n_elsewhere;
}

/* An attach port may have all of our subnet: then none of it is the host's. */
static int tell_host(struct kernel_lane *l, const struct ovnet_prefix4 *own)
{
	int rc = 0;

	if (ovnet_prefix4_equal(own, &l->own))
		return 0;
	if (l->own.len != 0)
		rc = ovnet_lane_del(l->lane, &l->own);
	l->own = (struct ovnet_prefix4){0};
	if (rc == 0 && own->len != 0)
		rc = ovnet_lane_set_host(l->lane, own);
	if (rc == 0)
		l->own = *own;
	return rc;
}

int kernel_lane_tell_own(struct kernel_lane *l, const struct ovnet_prefix4 *own)
{
	static const struct ovnet_prefix4 nothing;
	const struct ovnet_prefix4 *hosts = has(l->attached, l->n_attached, own) ? &nothing : own;
	int rc = hosts->len == 0 ? tell_host(l, hosts) : 0;

	/* What is at other ports before the host gets the rest. */
	if (rc == 0 && !elsewhere_is_told(l))
		rc = tell_elsewhere(l, l->attached, l->n_attached);
	return rc < 0 ? rc : tell_host(l, hosts);
}
