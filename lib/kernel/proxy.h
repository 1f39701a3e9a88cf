/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Proxy neighbours: who asks on a link for such an address is answered by this node's kernel, which
 * routes what then comes. Ours carry protocol OVNET_RTPROT, as routes do. Control thread only.
 */
#ifndef OVNET_KERNEL_PROXY_H
#define OVNET_KERNEL_PROXY_H

#include "kernel/kernel.h"

struct ovnet_proxy {
	uint32_t ifindex;
	struct ovnet_addr addr;
	bool ours;
};
/* By link, then by address; for qsort() and bsearch(). */
static inline int ovnet_proxy_compare(const void *a, const void *b)
{
	const struct ovnet_proxy *p = a, *q = b;

	if (p->ifindex != q->ifindex)
		return p->ifindex < q->ifindex ? -1 : 1;
	return ovnet_addr_compare(&p->addr, &q->addr);
}
/* All there are, in `*out`, which the caller frees. How many, or negative errno (logged). */
int ovnet_kernel_proxies(struct ovnet_kernel *k, struct ovnet_proxy **out);

struct ovnet_proxy_change {
	struct ovnet_proxy proxy;
	bool set;
	int rc; /* filled; not logged. One that is not there (any more) was removed */
};
void ovnet_kernel_proxies_change(
	struct ovnet_kernel *k, struct ovnet_proxy_change *changes, unsigned n);

/*
 * Forwarding on that link as far as it is the link's own: what it says for IPv4, and with `proxy`
 * what the kernel asks of it before it answers in somebody's place. Leaves alone what is so
 * already. 0 or negative errno (not logged), `what` then says what could not be set.
 */
int ovnet_kernel_link_forward(struct ovnet_kernel *k, uint32_t ifindex, uint8_t family, bool proxy,
	char *what, size_t size);
/* Does this host forward packets of that family at all? True where it cannot be told. */
bool ovnet_kernel_forwards(struct ovnet_kernel *k, uint8_t family);

/* Who answered for an address, as far as a neighbour table tells. -ENOENT: nobody did. */
struct ovnet_neighbour {
	uint32_t ifindex;
	struct ovnet_mac mac;
};
int ovnet_kernel_neighbour(
	struct ovnet_kernel *k, const struct ovnet_addr *addr, struct ovnet_neighbour *out);

#endif
