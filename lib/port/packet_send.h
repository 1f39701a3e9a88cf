/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending by an AF_PACKET socket with vnet headers: what af_packet and the socket uplink have in
 * common. Private to lib/port. Opened by the control thread, used by the worker of its queue.
 */
#ifndef OVNET_PORT_PACKET_SEND_H
#define OVNET_PORT_PACKET_SEND_H

#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "port/port.h"
#include "port/udp_run.h"

#define OVNET_PACKET_SEND_IOVS (OVNET_BURST * 4)

/* Does the kernel cut UDP segments by vnet headers (6.2 and later)? */
enum ovnet_packet_runs {
	OVNET_RUNS_OFF,     /* nobody asked for it, or it does not */
	OVNET_RUNS_UNKNOWN, /* the first run will tell */
	OVNET_RUNS_WORK,
};

struct ovnet_packet_send {
	int fd;                              /* not owned */
	_Atomic uint16_t mtu;                /* of the interface; control: rw */
	_Atomic enum ovnet_packet_runs runs; /* worker: rw once it sends */
	struct sockaddr_ll to[2];            /* IPv4, IPv6: what the kernel takes a frame for */
	/* The worker's. */
	uint8_t frames[OVNET_BURST]; /* of each message */
	struct virtio_net_hdr vnet[OVNET_BURST];
	struct mmsghdr msg[OVNET_BURST];
	struct iovec iov[OVNET_PACKET_SEND_IOVS];
	uint8_t head[OVNET_BURST / 2][OVNET_UDP_RUN_HEAD + 2];
};

/* A socket option of level SOL_PACKET. 0 or negative errno, logged. */
int ovnet_packet_set(int fd, const char *iface, int option, int value);

/*
 * A socket that neither hears nor is bound yet, with vnet headers and a large send buffer. Its
 * number or negative errno, logged.
 */
int ovnet_packet_socket(const struct ovnet_port *port, const char *iface);

/* Hears `protocol` (host order; 0: nothing) and sends by the port's interface. */
int ovnet_packet_bind(int fd, const struct ovnet_port *port, const char *iface, uint16_t protocol);

/*
 * Asks the kernel, by a frame that its loopback device throws away: it is another station's. Logs
 * nothing. UNKNOWN: that device is down, say.
 */
enum ovnet_packet_runs ovnet_packet_probe(void);

void ovnet_packet_send_init(struct ovnet_packet_send *s, int fd, const struct ovnet_port *port,
	enum ovnet_packet_runs runs);

/* A driver's tx(): as many as went, not freed; `reason` of the next one. */
uint16_t ovnet_packet_send(
	struct ovnet_packet_send *s, struct rte_mbuf **pkts, uint16_t n, enum ovnet_drop *reason);

#endif
