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

#define OVNET_XSK_RX_FRAMES 2048
#define OVNET_XSK_TX_FRAMES 1024

struct ovnet_xsk {
	struct xsk_ring_cons rx, comp;
	struct xsk_ring_prod fill, tx;
	uint8_t *area;
	uint32_t frame_size;
	uint32_t n_free; /* tx frames, most recently used on top */
	uint64_t free[OVNET_XSK_TX_FRAMES];
	bool has_tx;
	int fd;
	struct xsk_umem *umem;
	struct xsk_socket *socket;
};

/* The frame that holds a packet of an interface with this MTU; 0: no frame does. */
uint32_t ovnet_xsk_frame_size(uint16_t mtu);
/* `x` zeroed. All rx frames are the kernel's afterwards. Negative errno, logged, all undone. */
int ovnet_xsk_open(
	struct ovnet_xsk *x, const char *iface, uint16_t queue, uint32_t frame_size, bool tx);
/* Safe on a zeroed struct. */
void ovnet_xsk_close(struct ovnet_xsk *x);

#endif
