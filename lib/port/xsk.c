/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/xsk.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "base/log.h"
#include "packet/dpdk_compat.h"

OVNET_LOG_TYPE(port)

#define VLAN_TAG 4

static size_t area_size(const struct ovnet_xsk *x)
{
	return (size_t)(x->rx_frames + OVNET_XSK_TX_FRAMES) * x->frame_size;
}

/*
 * Twice the frames: the kernel shows a packet before it shows that it took the packet's
 * frame out of the fill ring, so a frame may be in there twice for a moment.
 */
static uint32_t fill_ring(const struct ovnet_xsk *x)
{
	return rte_align32pow2(2 * x->rx_frames);
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

static int create_umem(struct ovnet_xsk *x, const struct ovnet_xsk_conf *c)
{
	const struct xsk_umem_config conf = {
		.fill_size = fill_ring(x),
		.comp_size = OVNET_XSK_TX_FRAMES,
		.frame_size = x->frame_size,
	};
	size_t size = area_size(x);

	x->area = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (x->area == MAP_FAILED) {
		x->area = NULL;
		LOG(ERR, "interface '%s': no memory for queue %u (%zu bytes): %m", c->iface,
			c->queue, size);
		return -ENOMEM;
	}
	int err = xsk_umem__create(&x->umem, x->area, size, &x->fill, &x->comp, &conf);
	if (err < 0)
		LOG(ERR, "interface '%s': cannot register the packet memory of queue %u: %s%s",
			c->iface, c->queue, strerror(-err),
			err == -ENOBUFS ? " (CAP_IPC_LOCK or a larger memlock limit is needed)"
					: "");
	return err;
}

static int create_socket(struct ovnet_xsk *x, const struct ovnet_xsk_conf *c)
{
	const struct xsk_socket_config conf = {
		.rx_size = OVNET_XSK_RX_RING,
		.tx_size = OVNET_XSK_TX_FRAMES,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_USE_NEED_WAKEUP | (c->zero_copy ? 0 : XDP_COPY),
	};
	int err;

	do {
		err = xsk_socket__create(&x->socket, c->iface, c->queue, x->umem, &x->rx,
			x->has_tx ? &x->tx : NULL, &conf);
	} while (err == -EBUSY &&
		 ovnet_patience_wait(c->patience, "queue %u of %s", c->queue, c->iface));
	if (err < 0)
		LOG(ERR, "interface '%s': cannot open an AF_XDP socket on queue %u: %s%s", c->iface,
			c->queue, strerror(-err),
			err == -EBUSY ? " (another process has one there)" : "");
	return err;
}

/* Frames 0.. are received into, those behind them are sent from. */
static int hand_out_frames(struct ovnet_xsk *x)
{
	uint32_t at;

	if (xsk_ring_prod__reserve(&x->fill, x->rx_frames, &at) != x->rx_frames)
		return -ENOBUFS;
	for (uint32_t i = 0; i < x->rx_frames; i++)
		*xsk_ring_prod__fill_addr(&x->fill, at + i) = (uint64_t)i * x->frame_size;
	xsk_ring_prod__submit(&x->fill, x->rx_frames);
	for (uint32_t i = 0; i < OVNET_XSK_TX_FRAMES; i++)
		x->free[i] = (uint64_t)(x->rx_frames + i) * x->frame_size;
	x->n_free = OVNET_XSK_TX_FRAMES;
	return 0;
}

int ovnet_xsk_open(struct ovnet_xsk *x, const struct ovnet_xsk_conf *conf)
{
	int err;

	libxdp_set_print(print);
	x->frame_size = conf->frame_size;
	x->rx_frames = conf->rx_frames;
	x->has_tx = conf->tx;
	if ((err = create_umem(x, conf)) < 0 || (err = create_socket(x, conf)) < 0 ||
		(err = hand_out_frames(x)) < 0) {
		ovnet_xsk_close(x);
		return err;
	}
	x->fd = xsk_socket__fd(x->socket);
	return 0;
}

bool ovnet_xsk_is_zero_copy(const struct ovnet_xsk *x)
{
	struct xdp_options o = {0};
	socklen_t len = sizeof(o);

	return getsockopt(x->fd, SOL_XDP, XDP_OPTIONS, &o, &len) == 0 &&
	       (o.flags & XDP_OPTIONS_ZEROCOPY) != 0;
}

void ovnet_xsk_close(struct ovnet_xsk *x)
{
	if (x->socket != NULL)
		xsk_socket__delete(x->socket);
	if (x->umem != NULL && xsk_umem__delete(x->umem) < 0)
		LOG(WARN, "AF_XDP packet memory is still in use, it stays allocated");
	else if (x->area != NULL)
		munmap(x->area, area_size(x));
	x->socket = NULL;
	x->umem = NULL;
	x->area = NULL;
}
