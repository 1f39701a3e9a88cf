/* SPDX-License-Identifier: BSD-3-Clause */
#include "xsk.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "log.h"

OVNET_LOG_TYPE(port)

#define WAIT_US  1000000 /* a killed daemon's socket goes a moment after it */
#define RETRY_US 20000
/*
 * Twice the frames: the kernel shows a packet before it shows that it took the packet's
 * frame out of the fill ring, so a frame may be in there twice for a moment.
 */
#define FILL_RING (2 * OVNET_XSK_RX_FRAMES)
#define VLAN_TAG  4

static size_t area_size(uint32_t frame_size)
{
	return (size_t)(OVNET_XSK_RX_FRAMES + OVNET_XSK_TX_FRAMES) * frame_size;
}

uint32_t ovnet_xsk_frame_size(uint16_t mtu)
{
	uint32_t need = mtu + ETH_HLEN + VLAN_TAG + XDP_PACKET_HEADROOM;

	/* The kernel takes powers of two; half a page spreads the headers over more cache sets. */
	return need <= 2048 ? 2048 : need <= 4096 ? 4096 : 0;
}

__attribute__((format(printf, 2, 0))) static int print(
	enum libxdp_print_level level, const char *fmt, va_list ap)
{
	char line[512];

	if (level == LIBXDP_DEBUG)
		return 0;
	int n = vsnprintf(line, sizeof(line), fmt, ap);
	LOG(DEBUG, "%s", line);
	return n;
}

static int create_umem(struct ovnet_xsk *x, const char *iface, uint16_t queue)
{
	const struct xsk_umem_config conf = {
		.fill_size = FILL_RING,
		.comp_size = OVNET_XSK_TX_FRAMES,
		.frame_size = x->frame_size,
	};
	size_t size = area_size(x->frame_size);

	x->area = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (x->area == MAP_FAILED) {
		x->area = NULL;
		LOG(ERR, "interface '%s': no memory for queue %u (%zu bytes): %m", iface, queue,
			size);
		return -ENOMEM;
	}
	int err = xsk_umem__create(&x->umem, x->area, size, &x->fill, &x->comp, &conf);
	if (err < 0)
		LOG(ERR, "interface '%s': cannot register the packet memory of queue %u: %s%s",
			iface, queue, strerror(-err),
			err == -ENOBUFS ? " (CAP_IPC_LOCK or a larger memlock limit is needed)"
					: "");
	return err;
}

static int create_socket(struct ovnet_xsk *x, const char *iface, uint16_t queue)
{
	const struct xsk_socket_config conf = {
		.rx_size = OVNET_XSK_RX_FRAMES,
		.tx_size = OVNET_XSK_TX_FRAMES,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_USE_NEED_WAKEUP,
	};
	int err = 0;

	for (unsigned waited = 0; waited <= WAIT_US; waited += RETRY_US) {
		err = xsk_socket__create(&x->socket, iface, queue, x->umem, &x->rx,
			x->has_tx ? &x->tx : NULL, &conf);
		if (err != -EBUSY)
			break;
		usleep(RETRY_US);
	}
	if (err < 0)
		LOG(ERR, "interface '%s': cannot open an AF_XDP socket on queue %u: %s%s", iface,
			queue, strerror(-err),
			err == -EBUSY ? " (another process has one there)" : "");
	return err;
}

/* Frames 0.. are received into, those behind them are sent from. */
static int hand_out_frames(struct ovnet_xsk *x)
{
	uint32_t at;

	if (xsk_ring_prod__reserve(&x->fill, OVNET_XSK_RX_FRAMES, &at) != OVNET_XSK_RX_FRAMES)
		return -ENOBUFS;
	for (uint32_t i = 0; i < OVNET_XSK_RX_FRAMES; i++)
		*xsk_ring_prod__fill_addr(&x->fill, at + i) = (uint64_t)i * x->frame_size;
	xsk_ring_prod__submit(&x->fill, OVNET_XSK_RX_FRAMES);
	for (uint32_t i = 0; i < OVNET_XSK_TX_FRAMES; i++)
		x->free[i] = (uint64_t)(OVNET_XSK_RX_FRAMES + i) * x->frame_size;
	x->n_free = OVNET_XSK_TX_FRAMES;
	return 0;
}

int ovnet_xsk_open(
	struct ovnet_xsk *x, const char *iface, uint16_t queue, uint32_t frame_size, bool tx)
{
	int err;

	libxdp_set_print(print);
	x->frame_size = frame_size;
	x->has_tx = tx;
	if ((err = create_umem(x, iface, queue)) < 0 ||
		(err = create_socket(x, iface, queue)) < 0 || (err = hand_out_frames(x)) < 0) {
		ovnet_xsk_close(x);
		return err;
	}
	x->fd = xsk_socket__fd(x->socket);
	return 0;
}

void ovnet_xsk_close(struct ovnet_xsk *x)
{
	if (x->socket != NULL)
		xsk_socket__delete(x->socket);
	if (x->umem != NULL && xsk_umem__delete(x->umem) < 0)
		LOG(WARN, "AF_XDP packet memory is still in use, it stays allocated");
	else if (x->area != NULL)
		munmap(x->area, area_size(x->frame_size));
	x->socket = NULL;
	x->umem = NULL;
	x->area = NULL;
}
