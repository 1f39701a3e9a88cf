/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A kernel at both ends of what is carried: a TUN or TAP in this network namespace, one in another,
 * and what is read from one is written to the other, whole or cut. On top of lab.h; there is one
 * pair at a time.
 */
#ifndef OVNET_BED_TUN_PAIR_H
#define OVNET_BED_TUN_PAIR_H

#include "bed/lab.h"

#define TUN_PAIR_MTU   1450
#define TUN_PAIR_NEAR  "10.8.0.1"
#define TUN_PAIR_FAR   "10.8.0.2"
#define TUN_PAIR_NEAR6 "fd08::1"
#define TUN_PAIR_FAR6  "fd08::2"

/* What was seen on the way from near to far, and what to do there. */
struct tun_way {
	bool cut;  /* otherwise whole */
	bool mark; /* the next large IPv4 packet, as if a queue had been full: congestion
		      experienced */
	unsigned packets, whole, landed, with_cwr;
	uint32_t largest;
};

struct tun_pair {
	struct ovnet_port *near, *far; /* near0 here, far0 there */
	uint16_t link;                 /* bytes in front of the IP header */
	pid_t container;
	char pid[16];
	int home; /* our namespace */
	struct tun_way way;
};

extern struct tun_pair tun_pair;

/* Both devices with addresses, ECN on in both kernels. `driver`: host or tap. */
void tun_pair_begin(const struct ovnet_driver *driver);
/* No buffer is missing. */
void tun_pair_end(void);
/* A teardown, also of what a failed test left: sockets stay open, the devices do not. */
int tun_pair_clean_up(void **state);

/* This process enters the other namespace, or comes back. */
void tun_pair_go_to(bool far);

/* What both devices have now; how many packets. */
unsigned tun_pair_relay(void);
void tun_pair_relay_until_readable(int fd);

#endif
