/* SPDX-License-Identifier: BSD-3-Clause */
/* Which address a VM gets. Pure but for what `taken` asks. */
#ifndef OVNET_APP_GUESTS_ALLOC_H
#define OVNET_APP_GUESTS_ALLOC_H

#include "base/net.h"

struct alloc {
	const struct ovnet_prefix4 *subnet, *pool;
	uint32_t want;   /* 0: whichever is free */
	uint32_t former; /* what it had before; 0: nothing */
	/* Has somebody that address? Who, for people: "VM web1", ... */
	bool (*taken)(void *arg, uint32_t addr_host, char *who, size_t size);
	void *arg;
};

/* The address, or 0 with a sentence in `err`, what is wrong and the cure. */
uint32_t alloc_address(const struct alloc *a, char *err, size_t size);

#endif
