/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the drivers of this folder share: their queues' memory, and the translation between
 * mbufs and what the kernel's packet interfaces speak (iovecs, virtio_net_hdr, errno).
 * Nobody outside lib/port includes this.
 */
#ifndef OVNET_PORT_DRIVER_INT_H
#define OVNET_PORT_DRIVER_INT_H

#include <linux/virtio_net.h>
#include <sys/uio.h>

#include "packet/meta.h"
#include "port/port.h"

/* Segments one packet may have on its way out; 64 KB in 2 KB buffers is half of it. */
#define OVNET_DRIVER_SEGS 64

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

/*
 * The kernel's header of a received packet into `m`'s fresh metadata. False: an unsegmented
 * packet, which none of these drivers asks for.
 */
static inline bool ovnet_driver_vnet_in(
	const struct virtio_net_hdr *vnet, struct rte_mbuf *m, uint16_t in_port)
{
	struct ovnet_meta *meta = ovnet_meta(m);

	ovnet_meta_reset(m, in_port);
	if (vnet->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return false;
	if (vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		meta->offload = OVNET_OFF_CSUM;
		meta->csum_start = vnet->csum_start;
		meta->csum_offset = vnet->csum_offset;
	}
	return true;
}

static inline struct virtio_net_hdr ovnet_driver_vnet_out(struct rte_mbuf *m)
{
	const struct ovnet_meta *meta = ovnet_meta(m);

	if ((meta->offload & OVNET_OFF_CSUM) == 0)
		return (struct virtio_net_hdr){0};
	return (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = meta->csum_start,
		.csum_offset = meta->csum_offset,
	};
}

#endif
