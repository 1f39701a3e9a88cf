/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a guest and we leave undone, checksums and segments, between our metadata and the mbuf flags
 * librte_vhost speaks. vhost_queue.c alone includes this.
 *
 * From a guest. The library does not tell where an unfinished checksum begins. In the compliant
 * flag mode, which the port asks for, RX_L4_CKSUM_NONE means: TCP or UDP (or SCTP) right behind the
 * IP header and the pseudo header's sum in its field; anything else the library finished itself,
 * where the guest said. So csum_start follows from the packet's own headers, and what a guest says
 * of it is believed no further. (The legacy mode sets tx flags, and forgets an unfinished checksum
 * in a tunnel.) RX_LRO is a packet to be cut, of TCP or, by the old UFO, of UDP; whether the guest
 * wrote the pseudo header's sum cannot be seen, so it is written here. Kind and length of segments
 * are what is left of the guest's word: the path judges both by the packet.
 *
 * To a guest. The library takes the lengths of the headers and writes the pseudo header's sum: as
 * of a packet with one IP header without extensions, so what is not such is finished here; and of
 * segments as network cards want it, without the length, which a guest that forwards the packet
 * builds wrong checksums on. Headers that are not in one buffer it leaves alone: so they are not.
 *
 * The library (22.11, 24.11) can neither take nor tell of UDP to be cut (VIRTIO_NET_F_HOST_USO,
 * GUEST_USO4, GUEST_USO6), nor tell a guest of CWR in what is to be cut (GUEST_ECN).
 */
#ifndef OVNET_PORT_VHOST_OFFLOAD_H
#define OVNET_PORT_VHOST_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/drop.h"

/* Nothing undone, all in one buffer: most packets. */
static inline bool vhost_offload_none(const struct rte_mbuf *m)
{
	return (m->ol_flags & (RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_LRO)) == 0 &&
	       m->nb_segs == 1;
}

/*
 * Of a packet the library gave, its metadata fresh. `features`: what the guest negotiated. False:
 * not one we asked for, *why says what of it.
 */
bool vhost_offload_in(struct rte_mbuf *m, uint64_t features, enum ovnet_drop *why);

/*
 * Before the library is given a packet with something undone: describes it, or finishes what the
 * guest does not. *m may be another buffer afterwards, from `pool`. False: it cannot be sent.
 */
bool vhost_offload_out(struct rte_mbuf **m, uint64_t features, struct rte_mempool *pool);

#endif
