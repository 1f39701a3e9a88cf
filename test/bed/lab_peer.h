/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A kernel at the far end of up0, in a network namespace of its own: up0p with 10.9.0.2 and
 * fd09::2, its sockets, and what of its datagrams has to come out of a port here.
 */
#ifndef OVNET_BED_LAB_PEER_H
#define OVNET_BED_LAB_PEER_H

#include "bed/lab.h"

#define LAB_OVERLAY 8472  /* where it sends to */
#define LAB_SENDER  40000 /* and from */

/* For cmocka. Until the other one the test is in its own namespace. */
int lab_peer_set_up(void **state);
int lab_peer_tear_down(void **state);
void lab_in_peer(void);
void lab_in_own(void);

/* One datagram, in as many fragments as its MTU makes of it. */
void lab_peer_sends(const char *to, const uint8_t *data, size_t len, int tos);
/* Several with one call, of `segment` bytes but the last: whole, as far as the devices can. */
void lab_peer_sends_batch(
	const char *to, const uint8_t *data, size_t len, uint16_t segment, int tos);

/* Bytes none of which is like its neighbours; at most 65,536. */
const uint8_t *lab_pattern(size_t len);

/* The datagram as if it had come from the wire, in one, to the port of that id. Frees it. */
void lab_is_datagram(struct rte_mbuf *m, uint16_t in_port, bool v6, const uint8_t *data, size_t len,
	uint8_t tos);

#endif
