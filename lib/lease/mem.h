/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small allocations of the lease logic. Without these few bytes its view of the tree would
 * silently lack something, which is worse than a restart: the data path's kernel state and the
 * lease outlive the daemon.
 */
#ifndef OVNET_LEASE_MEM_H
#define OVNET_LEASE_MEM_H

#include <stdio.h>
#include <stdlib.h>

static inline void *must(void *p)
{
	if (p == NULL) {
		fputs("lease: out of memory, the daemon stops\n", stderr);
		abort();
	}
	return p;
}

#endif
