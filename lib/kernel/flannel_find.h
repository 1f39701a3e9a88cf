/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What flanneld, or an ovnetd that handed the node back (kernel/flannel_layout.h), has left in the
 * kernel, and taking it away. Control thread only. The functions do not wait, but 65,536 peers are
 * listed in some 100 ms: for a start.
 */
#ifndef OVNET_KERNEL_FLANNEL_FIND_H
#define OVNET_KERNEL_FLANNEL_FIND_H

#include "kernel/flannel_layout.h"

/* What is known of the network flanneld served here. */
struct ovnet_flannel_search {
	uint32_t vni;  /* of flannel.<VNI>, which is its by its name alone; 0: another backend's */
	uint16_t port; /* the overlay's UDP port, host byte order; 0: none */
	struct ovnet_prefix network[2]; /* IPv4, IPv6; family 0: without */
	uint8_t subnet_len[2];
	/* May a lease have the subnet with this base? */
	bool (*leasable)(void *arg, const struct ovnet_addr *base);
	void *arg;
};

struct ovnet_flannel_found {
	/*
	 * Devices: flannel.<VNI>, or else one called as flannel's are with an address of the
	 * network; so flannel0 by its address. Of peers, one for each route: `subnet`, and of those
	 * without a device `direct`, `public_ip` (the gateway) and `link`.
	 */
	struct ovnet_flannel_layout layout;
	unsigned n_direct;            /* of its peers */
	unsigned neighbours, entries; /* permanent ones of the devices; fdb */
	bool held;                    /* flannel0: a process has it open */
	bool foreign;   /* flannel.<VNI> has addresses, and none of them is of the network */
	char other[16]; /* a vxlan device beside them that is up and has the UDP port; "": none */
};

/* 0 or negative errno (logged). What is found is freed by ovnet_flannel_found_free(). */
int ovnet_flannel_find(struct ovnet_kernel *k, const struct ovnet_flannel_search *s,
	struct ovnet_flannel_found *out);
void ovnet_flannel_found_free(struct ovnet_flannel_found *f);
/* Is there anything? */
bool ovnet_flannel_found_any(const struct ovnet_flannel_found *f);

/*
 * Packets from peers come by the devices while routes to them lead elsewhere already: strict
 * reverse path filtering would drop them. A failure is logged.
 */
void ovnet_flannel_devices_loosen(struct ovnet_kernel *k, const struct ovnet_flannel_layout *l);
/*
 * Their UDP port is free when this is done. They lose their routes and entries. 0 or negative errno
 * (logged); one that is gone is no error.
 */
int ovnet_flannel_devices_down(struct ovnet_kernel *k, const struct ovnet_flannel_layout *l);
/* Packets the devices have received and passed on. */
uint64_t ovnet_flannel_devices_received(
	struct ovnet_kernel *k, const struct ovnet_flannel_layout *l);
/* Removes the routes of `direct` peers that are still there. How many. */
unsigned ovnet_flannel_direct_remove(struct ovnet_kernel *k, const struct ovnet_flannel_layout *l);

#endif
