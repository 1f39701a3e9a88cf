/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The XDP program of an AF_XDP port and its maps: which packets of a shared interface are
 * ovnet's. Attached by a bpf_link, so that it goes with the process, however that ends.
 * Control thread only. Negative errno, logged with what to do.
 */
#ifndef OVNET_PORT_AF_XDP_PROG_H
#define OVNET_PORT_AF_XDP_PROG_H

#include "port/port.h"

struct ovnet_xdp_prog;

/*
 * Loads and attaches, native if the driver can, else generic. With `all` every frame is taken, and
 * none is the kernel's from the first on; otherwise nothing until the first filter. A program of
 * ours that outlived its daemon is replaced, that of one that is ending waited for; anybody else's
 * is left alone: NULL and -EBUSY.
 */
struct ovnet_xdp_prog *ovnet_xdp_prog_attach(
	const char *iface, uint32_t ifindex, bool all, struct ovnet_patience *patience, int *err);
/* Detaches. NULL is fine. */
void ovnet_xdp_prog_detach(struct ovnet_xdp_prog *p);

/* From now on packets of that rx queue go to the AF_XDP socket. */
int ovnet_xdp_prog_add_socket(struct ovnet_xdp_prog *p, uint32_t queue, int xsk_fd);
/* Not with `all`. Live: what both the old and the new filter take is taken throughout. */
int ovnet_xdp_prog_filter(struct ovnet_xdp_prog *p, const struct ovnet_port_filter *filter);

#endif
