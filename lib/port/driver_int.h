/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the drivers of this folder share: their queues' memory, and the translation between
 * mbufs and what the kernel's packet interfaces speak (iovecs, virtio_net_hdr, errno).
 * Nobody outside lib/port includes this.
 */
#ifndef OVNET_PORT_DRIVER_INT_H
#define OVNET_PORT_DRIVER_INT_H

#include <sys/uio.h>

#include "packet/meta.h"
#include "port/port.h"
#include "port/virtio_compat.h"

/*
 * Buffers one packet may have on its way out: 64 KB in 2 KB buffers are half of it, in segments of
 * an MTU of 1,450 they are 47. Nobody may make longer chains for a port.
 */
#define OVNET_DRIVER_SEGS 64

#define OVNET_TCP_CWR 0x80 /* of the 14th byte of its header */

/*
 * A zeroed, cache-aligned queue struct of `size` bytes that starts with struct
 * ovnet_port_queue, entered as port->queue[id]; ovnet_port_close() frees it. NULL: no memory,
 * logged.
 */
void *ovnet_driver_queue_new(struct ovnet_port *port, uint16_t id, size_t size);

/*
 * For a port whose device has no MAC address for us: locally administered, and the same whenever
 * the port is opened, so that what lives behind it need not learn another one.
 */
struct ovnet_mac ovnet_driver_made_mac(const char *port_name);

/* Bytes of packet a fresh mbuf of the pool holds. */
static inline uint16_t ovnet_driver_room(struct rte_mempool *pool)
{
	return (uint16_t)(rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM);
}

/*
 * What a failed send says: TX_FULL (try again), TX_DOWN (the port), or TX_REFUSED (this very
 * packet: the path drops it and goes on with those behind it).
 */
enum ovnet_drop ovnet_driver_tx_verdict(int error);

/* Fills iovecs with the packet's segments; how many, or 0 when there are more than `max`. */
static inline unsigned ovnet_driver_iov(struct iovec *iov, unsigned max, const struct rte_mbuf *m)
{
	unsigned n = 0;

	if (m->nb_segs > max)
		return 0;
	for (; m != NULL; m = m->next)
		iov[n++] = (struct iovec){rte_pktmbuf_mtod(m, void *), m->data_len};
	return n;
}

/* OVNET_OFF_* of a vnet header's gso_type; 0: of none that we know. */
static inline uint8_t ovnet_driver_gso_in(uint8_t gso_type)
{
	switch (gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return OVNET_OFF_TSO4;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return OVNET_OFF_TSO6;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return OVNET_OFF_USO;
	}
	return 0;
}

/*
 * The kernel's header of a received packet into `m`'s fresh metadata. False: an unsegmented
 * packet that the port did not ask for, or without its checksum's place. What it says of lengths is
 * not looked at here: classify asks the packet itself.
 */
static inline bool ovnet_driver_vnet_in(
	const struct virtio_net_hdr *vnet, struct rte_mbuf *m, const struct ovnet_port *port)
{
	struct ovnet_meta *meta = ovnet_meta(m);

	ovnet_meta_reset(m, port->id);
	if (vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		meta->offload = OVNET_OFF_CSUM;
		meta->csum_start = vnet->csum_start;
		meta->csum_offset = vnet->csum_offset;
	}
	if (vnet->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return true;
	const uint8_t gso = ovnet_driver_gso_in(vnet->gso_type);
	if (gso == 0 || meta->offload == 0 || (port->caps & OVNET_CAP_RX_GSO) == 0)
		return false;
	meta->offload |= gso;
	meta->gso_size = vnet->gso_size;
	return true;
}

/* Ones that the kernel cuts. The TCP header says how long it is, and whether it carries CWR. */
static inline void ovnet_driver_gso_out(struct rte_mbuf *m, struct virtio_net_hdr *vnet)
{
	const struct ovnet_meta *meta = ovnet_meta(m);
	const uint8_t *tcp = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->csum_start);

	vnet->gso_size = meta->gso_size;
	if (meta->offload & OVNET_OFF_USO) {
		vnet->gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
		vnet->hdr_len = (uint16_t)(meta->csum_start + 8);
		return;
	}
	vnet->gso_type = meta->offload & OVNET_OFF_TSO4 ? VIRTIO_NET_HDR_GSO_TCPV4
							: VIRTIO_NET_HDR_GSO_TCPV6;
	if (meta->csum_start + 20u > m->data_len)
		return; /* classify lets none through */
	vnet->hdr_len = (uint16_t)(meta->csum_start + (tcp[12] >> 4) * 4);
	if (tcp[13] & OVNET_TCP_CWR)
		vnet->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
}

/* Also for one that is to be segmented, where the port says that it takes it. */
static inline struct virtio_net_hdr ovnet_driver_vnet_out(struct rte_mbuf *m)
{
	const struct ovnet_meta *meta = ovnet_meta(m);

	if ((meta->offload & OVNET_OFF_CSUM) == 0)
		return (struct virtio_net_hdr){0};
	struct virtio_net_hdr vnet = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = meta->csum_start,
		.csum_offset = meta->csum_offset,
	};
	if (meta->offload & OVNET_OFF_GSO)
		ovnet_driver_gso_out(m, &vnet);
	return vnet;
}

#endif
