/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A socket uplink on up0 with the kernel of lab_peer.h at its far end: frames of a tunnel to send
 * by it, and sockets of the peer that tell what came of them.
 */
#ifndef OVNET_BED_LAB_SOCKET_H
#define OVNET_BED_LAB_SOCKET_H

#include "bed/lab_peer.h"

#define LAB_SOCKET_ID 3     /* the port's */
#define LAB_FLOW      33000 /* source port of flow 0 */

extern uint8_t lab_own_mac[6], lab_peer_mac[6];

/* For cmocka; the overlay's port is guarded in between. */
int lab_socket_set_up(void **state);
int lab_socket_tear_down(void **state);
void lab_socket_guard(bool on);
/* It is merged for, as for an uplink on top of another device. */
void lab_socket_guard_merge(bool on);

struct ovnet_port *lab_socket_try(uint16_t queues, bool send_udp, int *err);
struct ovnet_port *lab_socket_try_on(const char *iface, uint16_t queues, bool send_udp, int *err);
/* Takes the overlay's port. */
struct ovnet_port *lab_socket_open(uint16_t queues);
int lab_socket_take(struct ovnet_port *port, uint16_t udp_port);
void lab_socket_close(struct ovnet_port *port);

/* The next `n` packets, in reads of `at_once`. */
void lab_receive(struct ovnet_port *port, struct rte_mbuf **m, unsigned n, uint16_t at_once);
/* The peer sends `len` bytes in datagrams of `segment`, all at once, and they come as they were. */
void lab_batch_comes(
	struct ovnet_port *port, bool v6, size_t len, uint16_t segment, uint16_t at_once);
bool lab_is_quiet(struct ovnet_port *port);

/* A frame of a tunnel from LAB_FLOW + flow to the peer's port `to`. */
struct lab_outer {
	bool v6, df;
	uint8_t tos;
	uint16_t flow, to;
	unsigned segs; /* of the mbuf; 0: one */
};

struct rte_mbuf *lab_outer(const struct lab_outer *o, const uint8_t *data, size_t len);

struct lab_heard {
	size_t len;
	int segment; /* several datagrams as one, of so many bytes each; 0: one */
	int tos, ttl;
	uint16_t from;
	uint8_t data[65536];
};

/* A socket of the peer's, and what it gets next within two seconds. */
int lab_hearer(bool v6, uint16_t port);
bool lab_hears(int fd, struct lab_heard *h);

#endif
