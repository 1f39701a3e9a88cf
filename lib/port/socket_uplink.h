/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of the socket uplink (socket_uplink.c says what it is): what they share. Private to
 * lib/port.
 */
#ifndef OVNET_PORT_SOCKET_UPLINK_H
#define OVNET_PORT_SOCKET_UPLINK_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "port/packet_send.h"
#include "port/port.h"
#include "port/udp_frame.h"

#define SOCKET_RX_SLOTS   64        /* what the kernel merges into one at most */
#define SOCKET_RX_MSGS    32        /* datagrams a call */
#define SOCKET_RX_LARGEST (1 << 16) /* bytes of one message */
/* Of IP_PKTINFO, IPV6_PKTINFO, IP_TOS or IPV6_TCLASS, UDP_GRO. */
#define SOCKET_RX_CONTROL 160

/*
 * Messages that were read, handed out one after the other. Each lands in `n_pieces` slots of
 * `piece` bytes and, what is longer, in its part of `spill`.
 *
 * Two ways to read: single datagrams, a slot each; or one message cut into slots of the size the
 * last one's datagrams had, so that each lies in a buffer of its own. Wrong guesses are copied.
 */
struct socket_rx {
	struct rte_mbuf *slot[SOCKET_RX_SLOTS]; /* NULL: handed out */
	uint16_t room;                          /* bytes a buffer holds */
	uint16_t cut;      /* bytes of a slot where one message is cut; 0: single datagrams */
	uint16_t want_cut; /* the same for the next read */
	uint16_t calm;     /* messages in a row that were one datagram */
	uint16_t misses;   /* batches in a row that were of another size */
	uint16_t n_dirty;  /* slots in front of it may be handed out */
	uint16_t piece, n_pieces;
	uint16_t n, next; /* messages there are, and the one that is handed out */
	uint16_t n_stale; /* the kernel wrote into the first of them */
	uint16_t segment; /* of that: bytes of each datagram */
	uint16_t head_of; /* payload `head` was made for */
	bool begun;       /* ... is known what it is */
	bool straight;    /* ... and its datagrams lie in slots of their own */
	bool dry;         /* ... was read without buffers: into spill alone */
	uint32_t pos;     /* ... bytes handed out */
	struct ovnet_udp_arrival from;
	struct ovnet_udp_frame head;
	uint8_t *spill; /* SOCKET_RX_LARGEST bytes of each message */
	struct mmsghdr msg[SOCKET_RX_MSGS];
	struct iovec iov[SOCKET_RX_SLOTS + SOCKET_RX_MSGS];
	struct sockaddr_in6 sender[SOCKET_RX_MSGS];
	_Alignas(struct cmsghdr) uint8_t control[SOCKET_RX_MSGS][SOCKET_RX_CONTROL];
};

#define SOCKET_UDP_SLOTS 16 /* source ports of a queue; the second half sets IPv4's DF */

/* socket_uplink_udp.c: what a message needs beside its payload. */
struct socket_udp_msg {
	union {
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} to;
	/* Of IP_PKTINFO or IPV6_PKTINFO, TOS, TTL, UDP_SEGMENT. */
	_Alignas(struct cmsghdr) uint8_t control[128];
};

/* control makes it, the worker has it then. */
struct socket_udp {
	int fd[SOCKET_UDP_SLOTS];
	bool v6;                     /* sockets of both IP versions */
	bool segments;               /* the device takes several datagrams as one */
	uint8_t frames[OVNET_BURST]; /* of each message */
	struct mmsghdr msg[OVNET_BURST];
	struct iovec iov[OVNET_PACKET_SEND_IOVS];
	struct socket_udp_msg part[OVNET_BURST];
};

struct socket_queue {
	struct ovnet_port_queue q; /* first */
	int fd;      /* the overlay's UDP port of this interface; without a filter nobody's */
	int wait_fd; /* readable as `fd` is, whichever socket that is */
	int send_fd;
	_Atomic uint16_t udp_port; /* control: rw */
	uint64_t missed;           /* control: rw. By sockets that were replaced */
	struct rte_mempool *pool;
	bool send_udp;                    /* as configured */
	_Atomic(struct socket_udp *) udp; /* control: rw, from NULL on once. Sends by these */
	/* worker: rw */
	struct ovnet_packet_send send;
	struct socket_rx rx;
};

/* socket_uplink_rx.c */
int socket_rx_init(struct socket_queue *s);
void socket_rx_fini(struct socket_queue *s);
uint16_t socket_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n);
/* Does something wait that was read already? */
bool socket_rx_has(const struct socket_queue *s);

/* socket_uplink_udp.c */
int socket_udp_open(struct socket_queue *s, const struct ovnet_port_filter *filter);
void socket_udp_close(struct socket_queue *s);
uint16_t socket_udp_send(struct socket_queue *s, struct socket_udp *u, struct rte_mbuf **pkts,
	uint16_t n, enum ovnet_drop *reason);

/* socket_uplink_bind.c: a UDP socket, of both IP versions where there are two. */
int socket_new(bool *v6);
bool socket_bind_any(int fd, bool v6, uint16_t port);
/* Another socket in the place of s->fd. 0 or negative errno. */
int socket_bind(struct socket_queue *s, uint16_t udp_port);
/* May the kernel make one of several datagrams? Before 5.0 it does not. */
void socket_bind_merge(const struct socket_queue *s, bool on);
/* Could it be, of the overlay's port? What the kernel has not is the same at any. */
int socket_try(uint32_t ifindex);
/* What its sockets lost. */
uint64_t socket_missed(const struct socket_queue *s);

#endif
