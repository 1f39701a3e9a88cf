/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames that can leave as one: encapsulated packets of one flow to one peer, whose headers are
 * those of the first but for what a cut makes anew (lengths, identification, checksums). Private
 * to lib/port. Pure: any thread.
 */
#ifndef OVNET_PORT_UDP_RUN_H
#define OVNET_PORT_UDP_RUN_H

#include <stdint.h>

#include <rte_mbuf.h>

#define OVNET_UDP_RUN_HEAD   62 /* bytes: Ethernet, IPv6, UDP */
#define OVNET_UDP_RUN_FRAMES 64 /* what kernels before 6.10 cut a packet into at most */

struct ovnet_udp_run {
	uint16_t frames; /* at least 1 */
	uint16_t head;   /* bytes in front of the UDP payload; 0: not UDP as a tunnel sends it */
	uint16_t size;   /* UDP payload of each, of the last at most */
	uint16_t len;    /* UDP payload of all of them */
};

/*
 * As many of the `n` frames (at least one) from the first on as belong together: not larger than
 * `mtu` bytes of IP each, and at most 64 KB with headers.
 */
struct ovnet_udp_run ovnet_udp_run(struct rte_mbuf *const *pkts, unsigned n, uint16_t mtu);

/*
 * The headers of the whole at `to`, run->head bytes: those of the first frame with the lengths of
 * all, and for the UDP checksum the sum of the pseudo header, as who cuts it expects it.
 */
void ovnet_udp_run_head(uint8_t *to, const struct ovnet_udp_run *run, const struct rte_mbuf *first);

#endif
