/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One AF_XDP socket with a UMEM of its own. Packets are copied between its frames and
 * mbufs: a driver without zero-copy (veth, generic XDP) copies anyway, the overlay needs
 * headroom and private data no frame has, and a mbuf may outlive the socket.
 *
 * Open, close: control thread. The rings: the worker that owns the queue.
 */
#ifndef OVNET_PORT_XSK_H
#define OVNET_PORT_XSK_H

#include <stdbool.h>
#include <stdint.h>

#include <xdp/xsk.h>

#include "base/patience.h"

#define OVNET_XSK_RX_RING   2048
#define OVNET_XSK_TX_FRAMES 1024

struct ovnet_xsk {
	struct xsk_ring_cons rx, comp;
	struct xsk_ring_prod fill, tx;
	uint8_t *area;
	uint32_t frame_size, rx_frames;
	uint32_t n_free; /* tx frames, most recently used on top */
	uint64_t free[OVNET_XSK_TX_FRAMES];
	bool has_tx;
	int fd;
	struct xsk_umem *umem;
	struct xsk_socket *socket;
};

/* The frame that holds a packet of an interface with this MTU; 0: no frame does. */
uint32_t ovnet_xsk_frame_size(uint16_t mtu);
/*
 * Frames to receive into. With zero-copy the NIC writes into them all the host's own packets, too:
 * a flood, or a worker that stands still, may fill the socket's ring and must not leave the NIC
 * without. `nic_ring`: its rx descriptors; packets on their way through the kernel are as many.
 */
static inline uint32_t ovnet_xsk_rx_frames(bool zero_copy, uint32_t nic_ring)
{
	return OVNET_XSK_RX_RING + (zero_copy ? 2 * nic_ring : 0);
}

struct ovnet_xsk_conf {
	const char *iface;
	uint16_t queue;
	uint32_t frame_size, rx_frames;
	bool tx;        /* sends as well */
	bool zero_copy; /* where the driver can; otherwise the kernel copies */
	struct ovnet_patience *patience;
};

/* `x` zeroed. All rx frames are the kernel's afterwards. Negative errno, logged, all undone. */
int ovnet_xsk_open(struct ovnet_xsk *x, const struct ovnet_xsk_conf *conf);
/* Did the driver take part in zero-copy? */
bool ovnet_xsk_is_zero_copy(const struct ovnet_xsk *x);
/* Safe on a zeroed struct. */
void ovnet_xsk_close(struct ovnet_xsk *x);

#endif
